import { z } from 'zod';
import type { Catalog } from './catalog.js';
import type { CommandDefinition } from './command.js';
import { CommandEnvelope, Envelope } from './envelope.js';
import { JobReported } from './job.js';
import { type QueryDefinition, querySubject } from './query.js';
import { ALL_JOB_EVENTS, commandSubject, STREAMS } from './subjects.js';

type Json = Record<string, unknown>;

function schema(type: z.ZodType): Json {
  const { $schema: _, ...body } = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' });
  return body;
}

function commandMessage(command: CommandDefinition): Json {
  return {
    summary: command.summary,
    contentType: 'application/json',
    payload: schema(CommandEnvelope.extend({ data: command.input })),
  };
}

/** A question that somebody waits for; its answer is bytes, of which a header tells. */
function queryMessages({ type, summary, input, output }: QueryDefinition): [string, Json][] {
  const headers = { type: 'object', properties: { 'Tandem-Result': schema(output) } };
  const answer = {
    summary: `Answer to ${type}: bytes, and a header that tells of them, as JSON in URL encoding`,
    headers,
  };
  return [
    [type, { summary, contentType: 'application/json', payload: schema(input) }],
    [`${type}.answer`, answer],
  ];
}

function queryChannel(query: QueryDefinition): Json {
  const seconds = query.timeoutMs / 1_000;
  return {
    address: querySubject(query),
    description: `Core NATS, by request and reply: a process of ${query.service} answers, by default within ${seconds} s. Nothing is kept.`,
    messages: {
      query: { $ref: `#/components/messages/${query.type}` },
      answer: { $ref: `#/components/messages/${query.type}.answer` },
    },
  };
}

/** The AsyncAPI 3.0 description of the subjects on NATS, for people who write a service. */
export function asyncApi(catalog: Catalog, queries: readonly QueryDefinition[] = []): Json {
  const commands = catalog.all();
  const channels = commands.map((command) => [
    command.type,
    {
      address: commandSubject(command),
      description: `Work queue in the stream ${STREAMS.commands.name}; exactly one service, ${command.service}, takes it.`,
      messages: { command: { $ref: `#/components/messages/${command.type}` } },
    },
  ]);
  const reports = {
    address: ALL_JOB_EVENTS.replace('>', '{service}.{command}.{state}'),
    description: `Events in the stream ${STREAMS.events.name}; any number of readers.`,
    parameters: { service: {}, command: {}, state: { enum: ['running', 'retrying', 'succeeded', 'failed'] } },
    messages: { report: { $ref: `#/components/messages/${JobReported.type}` } },
  };
  const messages = commands.map((command) => [command.type, commandMessage(command)]);
  const asked = queries.flatMap(queryMessages);
  const reported = {
    summary: JobReported.summary,
    contentType: 'application/json',
    payload: schema(Envelope.extend({ data: JobReported.data })),
  };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tandem',
      version: '1',
      description: 'Commands and events on NATS JetStream, and queries on core NATS.',
    },
    channels: {
      ...Object.fromEntries(channels),
      ...Object.fromEntries(queries.map((query) => [query.type, queryChannel(query)])),
      [JobReported.type]: reports,
    },
    operations: {
      ...Object.fromEntries(commands.map(({ type }) => [`handle.${type}`, receive(type)])),
      ...Object.fromEntries(queries.map(({ type }) => [`answer.${type}`, { ...receive(type), ...replyOf(type) }])),
    },
    components: { messages: { ...Object.fromEntries([...messages, ...asked]), [JobReported.type]: reported } },
  };
}

function receive(type: string): Json {
  return { action: 'receive', channel: { $ref: `#/channels/${type}` } };
}

/** To the inbox that the question names. */
function replyOf(type: string): Json {
  return {
    messages: [{ $ref: `#/channels/${type}/messages/query` }],
    reply: { messages: [{ $ref: `#/channels/${type}/messages/answer` }], channel: { $ref: `#/channels/${type}` } },
  };
}

import { z } from 'zod';
import type { Catalog } from './catalog.js';
import type { CommandDefinition } from './command.js';
import { CommandEnvelope, Envelope } from './envelope.js';
import { JobReported } from './job.js';
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

/** The AsyncAPI 3.0 description of the subjects on JetStream, for people who write a service. */
export function asyncApi(catalog: Catalog): Json {
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
  const reported = {
    summary: JobReported.summary,
    contentType: 'application/json',
    payload: schema(Envelope.extend({ data: JobReported.data })),
  };
  return {
    asyncapi: '3.0.0',
    info: { title: 'Tandem', version: '1', description: 'Commands and events on NATS JetStream.' },
    channels: { ...Object.fromEntries(channels), [JobReported.type]: reports },
    operations: Object.fromEntries(
      commands.map(({ type }) => [`handle.${type}`, { action: 'receive', channel: { $ref: `#/channels/${type}` } }]),
    ),
    components: { messages: { ...Object.fromEntries(messages), [JobReported.type]: reported } },
  };
}

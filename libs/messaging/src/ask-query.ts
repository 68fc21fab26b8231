import { createInbox, headers, type Msg } from '@nats-io/transport-node';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type QueryDefinition, type QueryInput, type QueryOutput, querySubject } from '@tandem/contracts/query';
import { injectTrace } from '@tandem/telemetry/propagation';
import { tracer } from '@tandem/telemetry/tracing';
import type { Connection } from './connection.js';
import { Rejected } from './outcome.js';
import { type Answer, mostBytes, readAnswer, SILENCE_MS, setDeadline, setQuestionKey } from './query-wire.js';

/** Workers that are asked in turn when one is full, stops or falls silent. */
const MOST_TRIES = 3;

/** An answer: what it says of its body, and that. */
export interface QueryAnswer<Q extends QueryDefinition> {
  result: QueryOutput<Q>;
  body: Uint8Array;
}

/** A question as it is sent; a large one lies under a key. */
interface Question {
  payload: Uint8Array;
  key?: string;
}

/** How {@link QueryClient} asks. */
export interface QueryClientOptions {
  /** Reads a body that was too large for a message, by the key that its worker gave it. */
  fetchBody(key: string): Promise<Uint8Array>;
  /** Stores a question that is too large for a message, and answers its key. Without it such a question is refused. */
  storeQuestion?(question: Uint8Array, input: unknown): Promise<string>;
  /** A worker that has said nothing for so many milliseconds is taken for dead; default 5 s. */
  silenceMs?: number;
}

/**
 * Asks services questions over core NATS, and waits for the answers. Workers say every second that they are at it, so that
 * the death of one is noticed in seconds, and another asked.
 */
export class QueryClient {
  readonly #inbox = createInbox();
  readonly #pending = new Map<string, (answer: Answer) => void>();
  #sequence = 0;

  constructor(
    private readonly connection: Connection,
    private readonly options: QueryClientOptions,
  ) {
    connection.nc.subscribe(`${this.#inbox}.*`, { callback: (_error, message) => this.#answered(message) });
  }

  /**
   * Throws `Rejected`: with the code that the worker gave; `unavailable` when no worker answers or all are full; `timeout`
   * when the time is over.
   */
  async ask<Q extends QueryDefinition>(
    query: Q,
    input: QueryInput<Q>,
    timeoutMs = query.timeoutMs,
  ): Promise<QueryAnswer<Q>> {
    const parent = context.active();
    const span = tracer().startSpan(
      `ask ${query.type}`,
      { kind: SpanKind.CLIENT, attributes: { 'messaging.system': 'nats', 'rpc.method': query.type } },
      parent,
    );
    try {
      return await context.with(trace.setSpan(parent, span), () => this.#ask(query, input, Date.now() + timeoutMs));
    } catch (error) {
      const code = error instanceof Rejected ? error.code : 'internal';
      span.setAttribute('error.type', code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      throw error;
    } finally {
      span.end();
    }
  }

  async #ask<Q extends QueryDefinition>(query: Q, input: QueryInput<Q>, deadline: number): Promise<QueryAnswer<Q>> {
    const question = await this.#question(query, input);
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      if (!this.connection.up()) break;
      const answer = await this.#send(query, question, deadline);
      if (answer.state === 'nobody') break;
      if (answer.state === 'failed') throw new Rejected(answer.code, answer.detail);
      if (answer.state !== 'done') continue;
      const { result, bodyKey, body } = answer;
      return {
        result: query.output.parse(JSON.parse(result)) as QueryOutput<Q>,
        body: bodyKey === undefined ? body : await this.options.fetchBody(bodyKey),
      };
    }
    throw new Rejected('unavailable', `The service ${query.service} has nobody free to answer now. Try again soon.`);
  }

  async #question<Q extends QueryDefinition>(query: Q, input: QueryInput<Q>): Promise<Question> {
    const payload = Buffer.from(JSON.stringify(input));
    if (payload.length <= mostBytes(this.connection.nc.info?.max_payload)) return { payload };
    const { storeQuestion } = this.options;
    if (!storeQuestion)
      throw new Rejected('payload_too_large', `The question for ${query.type} is too large for a message.`);
    return { payload: new Uint8Array(), key: await storeQuestion(payload, input) };
  }

  /** One worker's word on it; `refused` also for one that fell silent. Throws `Rejected` `timeout` at the deadline. */
  #send(query: QueryDefinition, { payload, key }: Question, deadline: number): Promise<Answer> {
    const { nc } = this.connection;
    this.#sequence += 1;
    const token = this.#sequence.toString(36);
    const carrier = headers();
    injectTrace((name, value) => carrier.set(name, value));
    setDeadline(carrier, deadline);
    if (key !== undefined) setQuestionKey(carrier, key);
    return new Promise<Answer>((resolve, reject) => {
      let silence: NodeJS.Timeout;
      const settle = (settled: () => void) => {
        clearTimeout(silence);
        clearTimeout(late);
        this.#pending.delete(token);
        settled();
      };
      const listen = () => {
        const silenceMs = this.options.silenceMs ?? SILENCE_MS;
        silence = setTimeout(() => settle(() => resolve({ state: 'refused' })), silenceMs);
      };
      const late = setTimeout(
        () => settle(() => reject(new Rejected('timeout', 'The answer takes too long. Try again later.'))),
        Math.max(0, deadline - Date.now()),
      );
      listen();
      this.#pending.set(token, (answer) => {
        if (answer.state !== 'working') return settle(() => resolve(answer));
        clearTimeout(silence);
        listen();
      });
      try {
        nc.publish(querySubject(query), payload, { headers: carrier, reply: `${this.#inbox}.${token}` });
      } catch (error) {
        settle(() => reject(error));
      }
    });
  }

  #answered(message: Msg): void {
    this.#pending.get(message.subject.slice(this.#inbox.length + 1))?.(readAnswer(message));
  }
}

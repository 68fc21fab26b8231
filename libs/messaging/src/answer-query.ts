import type { Msg, Subscription } from '@nats-io/transport-node';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { parseTolerant } from '@tandem/contracts/parse';
import { type QueryDefinition, type QueryInput, type QueryOutput, querySubject } from '@tandem/contracts/query';
import type { Stragglers } from '@tandem/runtime/stragglers';
import type { Logger } from '@tandem/telemetry/logger';
import { queryDuration } from '@tandem/telemetry/metrics';
import { extractTrace } from '@tandem/telemetry/propagation';
import { tracer } from '@tandem/telemetry/tracing';
import type { Connection } from './connection.js';
import { Rejected, RetryLater } from './outcome.js';
import { type Answer, answerHeaders, deadlineOf, mostBytes, questionKeyOf, WORKING_EVERY_MS } from './query-wire.js';

/** Questions that wait for each one in work; the next is refused, so that another process may take it. */
const WAITING_PER_PLACE = 8;
/** How long a handler may take to end after its abort. */
const GRACE_MS = 10_000;

/** What a query's handler receives: the input, and a signal that aborts when nobody waits any more, or at shutdown. */
export interface QueryContext<Q extends QueryDefinition> {
  readonly data: QueryInput<Q>;
  readonly signal: AbortSignal;
}

/** How a service answers one query. */
export interface QueryServerOptions<Q extends QueryDefinition> {
  connection: Connection;
  query: Q;
  /** Throws `Rejected` with the code and the detail that the one who asks shall see. */
  handler(context: QueryContext<Q>): Promise<{ result: QueryOutput<Q>; body: Uint8Array }>;
  /** Questions in work at once in this process. */
  concurrency: number;
  /** Stores a body that is too large for a message, and answers its key. */
  storeBody(body: Uint8Array, data: QueryInput<Q>): Promise<string>;
  /** Reads a question that was too large for a message, by its key. Without it such a question is refused. */
  fetchQuestion?(key: string): Promise<Uint8Array>;
  logger: Logger;
  /** Told of handlers that go on although they were aborted. */
  stragglers?: Pick<Stragglers, 'watch'>;
}

interface Held {
  message: Msg;
  deadline: number;
}

/** Answers a query together with the other processes of the service. */
export class QueryServer<Q extends QueryDefinition> {
  readonly #waiting: Held[] = [];
  readonly #held = new Set<Held>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #subscription: Subscription;
  readonly #heartbeat: NodeJS.Timeout;
  #draining = false;

  constructor(private readonly options: QueryServerOptions<Q>) {
    const { connection, query } = options;
    this.#subscription = connection.nc.subscribe(querySubject(query), {
      queue: query.service,
      callback: (_error, message) => this.#take(message),
    });
    this.#heartbeat = setInterval(() => {
      for (const held of this.#held) this.#answer(held, { state: 'working' });
    }, WORKING_EVERY_MS).unref();
  }

  /** Takes no new questions and hands back what has not begun; what still runs after `graceMs` is aborted and handed back. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#subscription.unsubscribe();
    for (const held of this.#waiting.splice(0)) this.#end(held, { state: 'refused' });
    const deadline = setTimeout(() => this.#stopping.abort(new Error('the worker is shutting down')), graceMs);
    await Promise.allSettled(this.#running);
    clearTimeout(deadline);
    clearInterval(this.#heartbeat);
    await this.options.connection.nc.flush().catch(() => undefined);
  }

  #take(message: Msg): void {
    const { query, concurrency } = this.options;
    const held = { message, deadline: deadlineOf(message, Date.now() + query.timeoutMs) };
    if (this.#draining || this.#waiting.length >= concurrency * WAITING_PER_PLACE) {
      queryDuration.observe({ query: query.type, outcome: 'refused' }, 0);
      this.#answer(held, { state: 'refused' });
      return;
    }
    this.#held.add(held);
    this.#answer(held, { state: 'working' });
    this.#waiting.push(held);
    this.#next();
  }

  #next(): void {
    while (this.#running.size < this.options.concurrency) {
      const held = this.#waiting.shift();
      if (!held) return;
      const run = this.#run(held).finally(() => {
        this.#running.delete(run);
        this.#next();
      });
      this.#running.add(run);
    }
  }

  async #run(held: Held): Promise<void> {
    const { query } = this.options;
    const begin = performance.now();
    const end = (outcome: string) =>
      queryDuration.observe({ query: query.type, outcome }, (performance.now() - begin) / 1_000);
    // Nobody waits for it any more.
    if (Date.now() >= held.deadline) {
      this.#held.delete(held);
      return end('expired');
    }
    const parent = extractTrace((name) => held.message.headers?.get(name) || undefined);
    const span = tracer().startSpan(`answer ${query.type}`, { kind: SpanKind.SERVER }, parent);
    const answer = await context.with(trace.setSpan(parent, span), () => this.#handle(held));
    const outcome = answer.state === 'failed' ? answer.code : answer.state;
    if (answer.state === 'failed') {
      span.setAttribute('error.type', outcome);
      span.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
    }
    span.end();
    end(outcome);
    this.#end(held, answer);
  }

  async #handle({ message, deadline }: Held): Promise<Exclude<Answer, { state: 'nobody' }>> {
    const { query, handler, storeBody, stragglers, connection } = this.options;
    const abort = new AbortController();
    const late = () => abort.abort(new Rejected('timeout', 'The answer takes too long. Try again later.'));
    const timer = setTimeout(late, Math.max(0, deadline - Date.now()));
    const stop = () => abort.abort(this.#stopping.signal.reason);
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    try {
      const data = parseTolerant(query.input, await this.#question(message)) as QueryInput<Q>;
      const work = handler({ data, signal: abort.signal });
      abort.signal.addEventListener('abort', () => {
        void stragglers?.watch(work, { job: 'query', command: query.type, graceMs: GRACE_MS });
      });
      const { result, body } = await Promise.race([work, rejectOn(abort.signal)]);
      const done = { state: 'done', result: JSON.stringify(query.output.parse(result)) } as const;
      if (body.length <= mostBytes(connection.nc.info?.max_payload)) return { ...done, body };
      return { ...done, body: new Uint8Array(), bodyKey: await storeBody(body, data) };
    } catch (error) {
      return this.#failure(abort.signal.aborted ? abort.signal.reason : error);
    } finally {
      clearTimeout(timer);
      this.#stopping.signal.removeEventListener('abort', stop);
    }
  }

  async #question(message: Msg): Promise<unknown> {
    const key = questionKeyOf(message);
    if (key === undefined) return message.json();
    const { fetchQuestion, query } = this.options;
    if (!fetchQuestion)
      throw new Rejected('payload_too_large', `The question is too large for ${query.type}, which takes 900 kB.`);
    return JSON.parse(Buffer.from(await fetchQuestion(key)).toString('utf8'));
  }

  #failure(error: unknown): Exclude<Answer, { state: 'nobody' }> {
    if (this.#stopping.signal.aborted || error instanceof RetryLater) return { state: 'refused' };
    if (error instanceof Rejected) return { state: 'failed', code: error.code, detail: error.detail };
    this.options.logger.error({ err: error, query: this.options.query.type }, 'query failed');
    return { state: 'failed', code: 'internal', detail: 'Something failed on our side.' };
  }

  #end(held: Held, answer: Exclude<Answer, { state: 'nobody' }>): void {
    this.#held.delete(held);
    this.#answer(held, answer);
  }

  #answer({ message }: Held, answer: Exclude<Answer, { state: 'nobody' }>): void {
    const { nc } = this.options.connection;
    if (nc.isClosed() || nc.isDraining()) return;
    const body = answer.state === 'done' ? answer.body : undefined;
    message.respond(body, { headers: answerHeaders(answer) });
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

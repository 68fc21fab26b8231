import type { z } from 'zod';
import { type Duration, milliseconds } from './duration.js';

/** `<service>.<name>`, for example `media.render`. */
export type QueryType = `${string}.${string}`;

/** What a query is, declared once. */
export interface QueryOptions<I extends z.ZodType, O extends z.ZodType> {
  /** One sentence for people who write a service. */
  summary: string;
  input: I;
  /** What is said of the body of an answer; a header carries it, so it must be small. */
  output: O;
  /** How long the one who asks waits by default. */
  timeout: Duration;
}

/** A declared query; see {@link defineQuery}. */
export interface QueryDefinition<
  T extends QueryType = QueryType,
  // biome-ignore lint/suspicious/noExplicitAny: as with commands
  I extends z.ZodType = any,
  // biome-ignore lint/suspicious/noExplicitAny: see above
  O extends z.ZodType = any,
> extends Omit<QueryOptions<I, O>, 'timeout'> {
  readonly type: T;
  readonly service: string;
  readonly name: string;
  readonly timeoutMs: number;
}

/** The validated input of a query. */
export type QueryInput<Q extends QueryDefinition> = z.output<Q['input']>;
/** What an answer says of its body. */
export type QueryOutput<Q extends QueryDefinition> = z.output<Q['output']>;

/**
 * Declares a query: a question to a service that somebody waits for, answered with bytes. Unlike a command it is no job: it is
 * not remembered, may be asked again at any time, and must change nothing.
 * Throws a `TypeError` when the type is not two lower-case words joined by a dot.
 */
export function defineQuery<const T extends QueryType, I extends z.ZodType, O extends z.ZodType>(
  type: T,
  { timeout, ...options }: QueryOptions<I, O>,
): QueryDefinition<T, I, O> {
  const match = /^([a-z][a-z0-9]*)\.([a-z][a-z0-9-]*)$/.exec(type);
  if (!match) throw new TypeError(`Query type "${type}" must read <service>.<query>, in lower case.`);
  return { ...options, type, service: match[1]!, name: match[2]!, timeoutMs: milliseconds(timeout) };
}

/** Core NATS subject on which the processes of a service share a query: `qry.<service>.<name>`. */
export function querySubject(query: QueryDefinition): string {
  return `qry.${query.service}.${query.name}`;
}

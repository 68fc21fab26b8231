import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { ERROR_CODES, type ErrorCode } from '@tandem/contracts/errors';

// How questions and answers look on core NATS. A question is JSON; an answer is bytes, and its headers say of what kind.
const STATE = 'Tandem-Query';
const RESULT = 'Tandem-Result';
const BODY_KEY = 'Tandem-Body-Key';
const ERROR = 'Tandem-Error';
const DETAIL = 'Tandem-Detail';
const DEADLINE = 'Tandem-Deadline';
const QUESTION_KEY = 'Tandem-Question-Key';

/** Larger questions and bodies of answers go another way. What is left of the server's limit is for headers. */
const MOST_BODY_BYTES = 900_000;
const HEADER_BYTES = 32_768;

/** How often a worker that has a question says so. */
export const WORKING_EVERY_MS = 1_000;
/** A worker that has said nothing for so long is taken for dead. */
export const SILENCE_MS = 5_000;

/** What comes back to the one who asks. `working` repeats; of the others exactly one ends the question. */
export type Answer =
  | { state: 'working' }
  /** This worker has too much to do, or stops: another one may take it. */
  | { state: 'refused' }
  | { state: 'nobody' }
  | { state: 'failed'; code: ErrorCode; detail: string }
  | { state: 'done'; result: string; body: Uint8Array; bodyKey?: string };

/** When nobody waits any more, milliseconds since the epoch; clocks are taken to agree within a second or so. */
export function setDeadline(carrier: MsgHdrs, deadline: number): void {
  carrier.set(DEADLINE, String(deadline));
}

/** Most bytes that a message of this server carries beside its headers. */
export function mostBytes(maxPayload = MOST_BODY_BYTES): number {
  return Math.min(MOST_BODY_BYTES, maxPayload - HEADER_BYTES);
}

/** Under which key a question lies that was too large for a message. */
export function setQuestionKey(carrier: MsgHdrs, key: string): void {
  carrier.set(QUESTION_KEY, encodeURIComponent(key));
}

/** See {@link setQuestionKey}. */
export function questionKeyOf(message: Msg): string | undefined {
  return decodeURIComponent(message.headers?.get(QUESTION_KEY) ?? '') || undefined;
}

/** A question without a deadline is worth `fallback`. */
export function deadlineOf(message: Msg, fallback: number): number {
  return Number(message.headers?.get(DEADLINE)) || fallback;
}

/** The headers of an answer. */
export function answerHeaders(answer: Exclude<Answer, { state: 'nobody' }>): MsgHdrs {
  const carrier = headers();
  carrier.set(STATE, answer.state);
  if (answer.state === 'done') {
    carrier.set(RESULT, encodeURIComponent(answer.result));
    if (answer.bodyKey) carrier.set(BODY_KEY, encodeURIComponent(answer.bodyKey));
  }
  if (answer.state === 'failed') {
    carrier.set(ERROR, answer.code);
    carrier.set(DETAIL, encodeURIComponent(answer.detail));
  }
  return carrier;
}

/** Reads an answer. One that is none of ours counts as a failure of the worker. */
export function readAnswer(message: Msg): Answer {
  const get = (name: string) => decodeURIComponent(message.headers?.get(name) ?? '');
  if (message.headers?.code === 503) return { state: 'nobody' };
  const state = get(STATE);
  if (state === 'working' || state === 'refused') return { state };
  if (state === 'done') return { state, result: get(RESULT), body: message.data, bodyKey: get(BODY_KEY) || undefined };
  const code = ERROR_CODES.find((known) => known === get(ERROR));
  return { state: 'failed', code: code ?? 'internal', detail: code ? get(DETAIL) : 'The answer cannot be read.' };
}

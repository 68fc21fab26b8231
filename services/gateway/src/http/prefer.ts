import { Problem } from './problem.js';

const LONGEST_WAIT_S = 60;

/** Seconds of `Prefer: wait=N` (RFC 7240), at most 60; 0 when the caller does not want to wait. */
export function waitSeconds(prefer: string | undefined): number {
  const value = prefer
    ?.split(/[,;]/)
    .map((preference) => /^\s*wait\s*=\s*"?([^"\s]+)"?\s*$/i.exec(preference)?.[1])
    .find((match) => match !== undefined);
  if (value === undefined) return 0;
  const seconds = Number(value);
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= LONGEST_WAIT_S) return seconds;
  throw new Problem('invalid_input', `Prefer: wait takes whole seconds from 0 to ${LONGEST_WAIT_S}.`, [
    { pointer: '/prefer', detail: `must be a whole number from 0 to ${LONGEST_WAIT_S}` },
  ]);
}

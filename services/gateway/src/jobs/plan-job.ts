import type { Callback } from '@tandem/contracts/callback';
import type { CommandDefinition } from '@tandem/contracts/command';
import { milliseconds } from '@tandem/contracts/duration';
import type { Backoff, JobOptions } from '@tandem/contracts/job-options';
import type { Lane } from '@tandem/contracts/subjects';
import { Problem } from '../http/problem.js';

/** What the options of a submission come to for one command at one time. */
export interface Plan {
  lane: Lane;
  attempts: number;
  runAt?: Date;
  expiresAt?: Date;
  timeoutMs?: number;
  backoff?: Backoff;
  tags: string[];
  parent?: string;
  callback?: Callback;
}

const FARTHEST_MS = 366 * 86_400_000;

/** Throws a `Problem` `invalid_input` that names the option (under `pointer`) which the command does not allow. */
export function planOf(
  command: CommandDefinition,
  options: JobOptions | undefined,
  now: Date,
  pointer = '/options',
): Plan {
  const after = (ms: number) => new Date(now.getTime() + ms);
  const refuse = (option: string, detail: string): never => {
    throw new Problem('invalid_input', `${pointer}/${option}: ${detail}`, [
      { pointer: `${pointer}/${option}`, detail },
    ]);
  };
  if (!options) return { lane: 'normal', attempts: command.attempts, tags: [] };
  const { priority, delay, expiresIn, timeout, tags = [], parent, backoff } = options;
  const timeoutMs = timeout === undefined ? undefined : milliseconds(timeout);
  if (timeoutMs !== undefined && (timeoutMs > command.timeoutMs || timeoutMs < 1))
    refuse('timeout', `must be between 1ms and ${command.timeoutMs / 1000}s, the timeout of ${command.type}`);
  const wanted = options.runAt ? new Date(options.runAt) : delay === undefined ? undefined : after(milliseconds(delay));
  if (wanted && wanted > after(FARTHEST_MS)) refuse('runAt', 'must be at most a year from now');
  // A time that is over means now.
  const runAt = wanted && wanted > now ? wanted : undefined;
  const expiresAt = expiresIn === undefined ? undefined : after(milliseconds(expiresIn));
  if (runAt && expiresAt && expiresAt <= runAt)
    refuse('expiresIn', 'ends before the job may begin: make it longer than delay, or than the time until runAt');
  return {
    lane: priority,
    attempts: options.attempts ?? command.attempts,
    runAt,
    expiresAt,
    timeoutMs,
    backoff,
    tags,
    parent: parent?.toLowerCase(),
    callback: options.callback,
  };
}

import type { z } from 'zod';

/** A declared event: past tense, any number of readers. */
export interface EventDefinition<T extends string = string, D extends z.ZodType = z.ZodType> {
  readonly type: T;
  readonly summary: string;
  readonly data: D;
}

/**
 * Declares an event. `type` is `<service>.<past participle>`, for example `media.transformed`.
 * Throws a `TypeError` when it is not two lower-case words joined by a dot.
 */
export function defineEvent<const T extends `${string}.${string}`, D extends z.ZodType>(
  type: T,
  options: { summary: string; data: D },
): EventDefinition<T, D> {
  if (!/^[a-z][a-z0-9]*\.[a-z][a-z0-9-]*$/.test(type))
    throw new TypeError(`Event type "${type}" must read <service>.<event>, in lower case.`);
  return { type, ...options };
}

import type { z } from 'zod';

/** A declared event: past tense, any number of readers. */
export interface EventDefinition<T extends string = string, D extends z.ZodType = z.ZodType> {
  readonly type: T;
  readonly summary: string;
  readonly data: D;
}

/** Declares an event. `type` is `<service>.<past participle>`, for example `media.transformed`. */
export function defineEvent<const T extends `${string}.${string}`, D extends z.ZodType>(
  type: T,
  options: { summary: string; data: D },
): EventDefinition<T, D> {
  return { type, ...options };
}

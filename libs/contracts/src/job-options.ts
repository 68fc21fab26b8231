import { z } from 'zod';
import { Callback } from './callback.js';
import { type Duration, milliseconds } from './duration.js';
import { LANES } from './subjects.js';

/** Attempts that a submission may ask for at most. */
export const MOST_ATTEMPTS = 25;

const YEAR_MS = 365 * 86_400_000;

/** A duration as text, such as `30s`, `15m` or `2h`; at most a year. */
const DurationText = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,3})?(ms|s|m|h|d)$/, {
    message: 'must be a number and a unit: 500ms, 30s, 15m, 2h or 7d',
    abort: true,
  })
  .refine((text) => milliseconds(text as Duration) <= YEAR_MS, 'must be at most 365d')
  .transform((text) => text as Duration);

/**
 * How long to wait between attempts. `exponential` doubles from `base` up to `max` and takes a random share of it (full
 * jitter), so that jobs that failed together do not come back together; `fixed` waits `base` each time.
 */
export const Backoff = z.strictObject({
  kind: z.enum(['exponential', 'fixed']).default('exponential'),
  base: DurationText.default('1s').meta({ description: 'Wait before the second attempt, before jitter' }),
  max: DurationText.default('5m').meta({ description: 'Longest wait of the exponential kind' }),
});
export type Backoff = z.output<typeof Backoff>;

/** What a submission may ask for beyond its command's defaults. */
export const JobOptions = z
  .strictObject({
    priority: z.enum(LANES).default('normal').meta({
      description: 'Of ten starts where all three wait, six are high, three normal and one low',
    }),
    runAt: z.iso.datetime({ offset: true }).optional().meta({ description: 'Not before this time' }),
    delay: DurationText.optional().meta({ description: 'Not before so long from now', example: '10m' }),
    expiresIn: DurationText.optional().meta({
      description: 'A job that has not begun by then, counted from now, ends as expired',
      example: '1h',
    }),
    timeout: DurationText.optional().meta({ description: "Per attempt; at most the command's own" }),
    attempts: z.int().min(1).max(MOST_ATTEMPTS).optional(),
    backoff: Backoff.optional(),
    tags: z
      .array(z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}:._/-]{0,63}$/u, 'must be 1 to 64 letters, digits or ":._/-"'))
      .max(10)
      .refine((tags) => new Set(tags).size === tags.length, 'must differ from each other')
      .optional()
      .meta({ example: ['client:12', 'devis'] }),
    parent: z.uuid().optional().meta({ description: 'The job that this one belongs to; it must be yours' }),
    callback: Callback.optional().meta({ description: "Told of the job's end, by a signed POST" }),
  })
  .refine(({ runAt, delay }) => runAt === undefined || delay === undefined, {
    path: ['delay'],
    message: 'give runAt or delay, not both',
  })
  .meta({ id: 'JobOptions' });
export type JobOptions = z.output<typeof JobOptions>;

/** A command with its input and options: the body of `POST /v1/jobs`, and one entry of a batch. */
export const JobRequest = z
  .strictObject({
    command: z.string().meta({ example: 'media.transform' }),
    input: z.unknown().meta({ description: "The command's input, as its own route takes it" }),
    options: JobOptions.optional(),
  })
  .meta({ id: 'JobRequest' });
export type JobRequest = z.output<typeof JobRequest>;

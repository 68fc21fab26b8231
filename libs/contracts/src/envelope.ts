import { z } from 'zod';
import { Backoff } from './job-options.js';
import { StoredObject } from './object.js';
import { SupabaseGrants } from './supabase-grants.js';

/** CloudEvents 1.0 in structured JSON, with the extension attributes that Tandem uses. Trace context is in NATS headers. */
export const Envelope = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string(),
  time: z.iso.datetime(),
  tenant: z.string(),
  actor: z.string(),
  correlationid: z.string(),
  causationid: z.string().optional(),
  data: z.unknown(),
});
export type Envelope = z.infer<typeof Envelope>;

/** The envelope of a command: `subject` is the job's id, `data` the validated input. */
export const CommandEnvelope = Envelope.extend({
  run: z.int().positive(),
  attempt: z.int().positive(),
  attempts: z.int().positive(),
  /** Of one attempt, where the submission asked for less than the command allows. */
  timeoutMs: z.number().positive().optional(),
  /** Where the submission asked for another than the command's. */
  backoff: Backoff.optional(),
  /** A run that has not begun by then must not begin. */
  expiresAt: z.iso.datetime().optional(),
  /** Objects that the input names, by id. */
  objects: z.record(z.uuid(), StoredObject).optional(),
  /** What the caller may read and write in Supabase Storage. Not for views and logs. */
  supabase: SupabaseGrants.optional(),
});
export type CommandEnvelope = z.infer<typeof CommandEnvelope>;

import { z } from 'zod';
import type { RegisteredObject } from './object.entity.js';

/** Scopes of objects. */
export const READ = 'objects:read';
export const WRITE = 'objects:write';

/** A file name as a request may give it. */
export const ObjectName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')
  .meta({ description: 'File name for downloads', example: 'photo.jpg' });

/** An object as the API shows it. */
export const ObjectView = z
  .object({
    id: z.uuid(),
    sha256: z.string(),
    size: z.int().meta({ description: 'Bytes' }),
    type: z.string().meta({ description: 'Media type, sniffed from the bytes', example: 'image/jpeg' }),
    name: z.string().optional(),
    jobId: z.uuid().optional().meta({ description: 'The job that made it; absent for an upload' }),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().optional().meta({ description: 'From then on it is not there' }),
  })
  .meta({ id: 'Object' });
export type ObjectView = z.infer<typeof ObjectView>;

export function objectView(object: RegisteredObject): ObjectView {
  const { id, sha256, size, type, name, jobId, createdAt, expiresAt } = object;
  return {
    id,
    sha256,
    size,
    type,
    name: name ?? undefined,
    jobId: jobId ?? undefined,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString(),
  };
}

import { z } from 'zod';

/** Where the bytes of an object lie and what they are. Travels with a command, so that a worker needs no look-up. */
export const StoredObject = z.object({
  id: z.uuid(),
  /** Key in the object store. Contains the tenant, so a key never reaches into another tenant's objects. */
  key: z.string(),
  size: z.int().nonnegative(),
  type: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type StoredObject = z.infer<typeof StoredObject>;

/** An object that a command reads: its id, where the request named it, and the media types that the command takes. */
export interface ObjectReference {
  id: string;
  /** JSON pointer into the command's input (RFC 6901). */
  pointer: string;
  /** Media type prefixes, such as `image/`. */
  accepts: readonly string[];
}

/** Key of an object's bytes: by content, so equal bytes of one tenant lie at one place and a repeated write changes nothing. */
export function objectKey(tenant: string, sha256: string): string {
  return `${encodeURIComponent(tenant)}/${sha256.slice(0, 2)}/${sha256}`;
}

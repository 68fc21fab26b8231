import { createHash } from 'node:crypto';

/**
 * The object id of a rendition: the same for every run of a job, so a repeated run produces no second object.
 * SHA-256 of job and name in the layout of UUID version 8 (RFC 9562, 5.8).
 */
export function producedId(jobId: string, name: string): string {
  const bytes = createHash('sha256').update(`${jobId}/${name}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

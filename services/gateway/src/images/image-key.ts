import { createHash } from 'node:crypto';
import type { ImageOptions } from '@tandem/contracts/image-options';
import { RENDER_VERSION } from '@tandem/contracts/render-image';

/**
 * Key of an image in the cache: SHA-256, hex, of what it is made from. By content, not by object: equal files share one,
 * and who may see it is decided before the cache is asked.
 */
export function imageKey(sourceSha256: string, options: ImageOptions, watermarkSha256 = ''): string {
  const made = JSON.stringify([RENDER_VERSION, sourceSha256, watermarkSha256, sorted(options)]);
  return createHash('sha256').update(made).digest('hex');
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, sorted(each)]));
}

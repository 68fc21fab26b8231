import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileStore } from '@tus/file-store';
import type { GatewayConfig } from '../config.js';
import type { PartStore } from './finish-upload.js';

/**
 * Where uploads in parts lie until they are whole: files that every gateway on the same folder sees. Throws an `Error` with
 * a sentence for the operator when the folder cannot be made.
 */
export function partStore({ STORAGE_DIR, UPLOAD_HOURS }: GatewayConfig): PartStore {
  const directory = join(STORAGE_DIR, 'uploads');
  try {
    // The store would do so itself, and end the process when it cannot.
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `STORAGE_DIR: uploads in parts need a folder there, also with STORAGE=s3 (${reason}). Name one that the gateway may write.`,
      { cause },
    );
  }
  return new FileStore({ directory, expirationPeriodInMilliseconds: UPLOAD_HOURS * 3_600_000 });
}

import { join } from 'node:path';
import { FileStore } from '@tus/file-store';
import type { GatewayConfig } from '../config.js';
import type { PartStore } from './finish-upload.js';

/** Where uploads in parts lie until they are whole: files that every gateway on the same folder sees. */
export function partStore({ STORAGE_DIR, UPLOAD_HOURS }: GatewayConfig): PartStore {
  return new FileStore({
    directory: join(STORAGE_DIR, 'uploads'),
    expirationPeriodInMilliseconds: UPLOAD_HOURS * 3_600_000,
  });
}

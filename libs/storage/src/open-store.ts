import { FilesystemStore } from './filesystem-store.js';
import type { ObjectStore } from './object-store.js';
import { S3Store } from './s3-store.js';
import { type StorageConfig, s3Settings } from './storage-settings.js';

/** Opens the store that `config` names. Rejects when it cannot be used, with a message that names the setting to mend. */
export async function openStore(config: StorageConfig): Promise<ObjectStore> {
  if (config.STORAGE === 's3') return await S3Store.open(s3Settings(config));
  const store = await FilesystemStore.open(config.STORAGE_DIR);
  await store.ping();
  return store;
}

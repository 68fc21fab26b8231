import { FilesystemStore } from './filesystem-store.js';
import type { ObjectStore } from './object-store.js';

/** Where objects are kept. */
export interface StorageConfig {
  /** A folder; it is made when it does not exist. */
  dir: string;
}

/** Opens the store that `config` names. Rejects when it cannot be used. */
export async function openStore({ dir }: StorageConfig): Promise<ObjectStore> {
  const store = await FilesystemStore.open(dir);
  await store.ping();
  return store;
}

import { createHash } from 'node:crypto';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { objectKey } from '@tandem/contracts/object';
import { FilesystemStore } from '@tandem/storage/filesystem-store';
import type { ObjectStore } from '@tandem/storage/object-store';
import { createLogger } from '@tandem/telemetry/logger';
import { FileStore } from '@tus/file-store';
import pg from 'pg';
import { UploadExpiry } from '../uploads/expire-uploads.js';
import { UploadRegister } from '../uploads/upload-register.js';
import { ObjectCollection, type ObjectRetention } from './collect-objects.js';
import { OrphanSearch } from './find-orphans.js';

const LONG_AGO = new Date(Date.now() - 3 * 3_600_000);
const log = createLogger('test', { write: () => undefined });

/** A collector beside the gateway's own, on its database and its store, that a test calls when it likes. */
export class CollectionUnderTest {
  readonly #collection: ObjectCollection;
  readonly #orphans: OrphanSearch;

  private constructor(
    readonly pool: pg.Pool,
    readonly store: ObjectStore,
    readonly folder: string,
    retention: Partial<ObjectRetention>,
  ) {
    this.#collection = new ObjectCollection(
      { uploadDays: 0, resultDays: 0, graceMinutes: 60, ...retention },
      store,
      pool,
      log,
    );
    this.#orphans = new OrphanSearch(60, store, pool, log);
  }

  static async open(
    { databaseUrl, folder }: { databaseUrl: string; folder: string },
    retention: Partial<ObjectRetention> = {},
  ): Promise<CollectionUnderTest> {
    const pool = new pg.Pool({ connectionString: databaseUrl });
    return new CollectionUnderTest(pool, await FilesystemStore.open(folder), folder, retention);
  }

  /** Collects as if every wait for young bytes were over. */
  async collect(): Promise<void> {
    await this.pool.query('UPDATE gateway.loose_bytes SET due_at = now()');
    await this.#collection.collect();
  }

  searchOrphans(): Promise<number> {
    return this.#orphans.search();
  }

  async expireUploads(): Promise<void> {
    const parts = new FileStore({ directory: join(this.folder, 'uploads') });
    await new UploadExpiry(parts, new UploadRegister(this.pool, 24), log).expire();
  }

  /** As if the bytes had been stored three hours ago. */
  age(key: string): void {
    utimesSync(join(this.folder, 'objects', key), LONG_AGO, LONG_AGO);
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}

/** Where bytes of a tenant lie. */
export function keyOf(tenant: string, bytes: Uint8Array): string {
  return objectKey(tenant, createHash('sha256').update(bytes).digest('hex'));
}

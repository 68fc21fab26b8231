import { objectKey } from '@tandem/contracts/object';
import { transaction } from '@tandem/persistence/transaction';
import { type ObjectStore, ObjectTooLarge } from '@tandem/storage/object-store';
import { SNIFF_BYTES, sniffType } from '@tandem/storage/sniff-type';
import type { Pool, PoolClient } from 'pg';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { newJobId } from '../jobs/job-id.js';
import type { RegisteredObject } from './object.entity.js';

const INSERT = `
  INSERT INTO gateway.objects (id, tenant, owner, sha256, size, type, name, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING created_at AS "createdAt"`;

/** What is known of an upload beside its bytes. */
export interface UploadOptions {
  /** File name for downloads. */
  name: string | null;
  /** Id of the object; a new one by default. */
  id?: string;
  expiresAt?: Date;
  /** Bytes; never more than the gateway takes. */
  maxBytes?: number;
  /** How the media type of the bytes must begin. */
  type?: string;
  /** Runs in the transaction that registers the object. When it throws, there is none. */
  beside?: (client: PoolClient) => Promise<void>;
}

/** Takes uploads: bytes to the store, then one row in the register. */
export class ObjectUpload {
  constructor(
    private readonly store: ObjectStore,
    private readonly pool: Pool,
    readonly maxBytes: number,
  ) {}

  /**
   * Streams `body` to the store at flat memory. Throws a `Problem`: `payload_too_large`, `invalid_input` (no bytes),
   * `unsupported_media_type`.
   */
  async upload(
    { tenant, actor }: Pick<Principal, 'tenant' | 'actor'>,
    body: AsyncIterable<Uint8Array>,
    options: UploadOptions,
  ): Promise<RegisteredObject> {
    const maxBytes = Math.min(options.maxBytes ?? this.maxBytes, this.maxBytes);
    const staged = await this.store.stage(body, { maxBytes, headBytes: SNIFF_BYTES }).catch((error: unknown) => {
      throw error instanceof ObjectTooLarge ? this.tooLarge(maxBytes) : error;
    });
    try {
      if (staged.size === 0) throw new Problem('invalid_input', 'The body is empty. Send the bytes of the file.');
      const type = await sniffType(staged.head);
      if (options.type && !type.startsWith(options.type)) throw unfit(type, options.type);
      await staged.commit(objectKey(tenant, staged.sha256));
      const { id = newJobId(), name, expiresAt = null, beside } = options;
      const { sha256, size } = staged;
      return await this.#register(
        { id, tenant, owner: actor, sha256, size, type, name, jobId: null, expiresAt },
        beside,
      );
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }

  tooLarge(maxBytes: number = this.maxBytes): Problem {
    const limit = maxBytes < 1_000_000 ? `${maxBytes} bytes` : `${Math.floor(maxBytes / 1_000_000)} MB`;
    return new Problem('payload_too_large', `An object may have at most ${limit}. Send a smaller file.`);
  }

  async #register(
    object: Omit<RegisteredObject, 'createdAt'>,
    beside: UploadOptions['beside'],
  ): Promise<RegisteredObject> {
    const { id, tenant, owner, sha256, size, type, name, expiresAt } = object;
    const insert = (client: Pool | PoolClient) =>
      client.query<{ createdAt: Date }>(INSERT, [id, tenant, owner, sha256, size, type, name, expiresAt]);
    const { rows } = beside
      ? await transaction(this.pool, async (client) => {
          await beside(client);
          return insert(client);
        })
      : await insert(this.pool);
    return { ...object, createdAt: rows[0]!.createdAt };
  }
}

function unfit(type: string, wanted: string): Problem {
  return new Problem(
    'unsupported_media_type',
    `The bytes are ${type}, whatever their name says; this upload takes ${wanted}*. Send another file.`,
  );
}

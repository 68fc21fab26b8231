import { objectKey } from '@tandem/contracts/object';
import { type ObjectStore, ObjectTooLarge } from '@tandem/storage/object-store';
import { SNIFF_BYTES, sniffType } from '@tandem/storage/sniff-type';
import type { DataSource, Repository } from 'typeorm';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { newJobId } from '../jobs/job-id.js';
import { ObjectEntity, type RegisteredObject } from './object.entity.js';

/** Takes uploads: bytes to the store, then one row in the register. */
export class ObjectUpload {
  readonly #objects: Repository<RegisteredObject>;

  constructor(
    private readonly store: ObjectStore,
    source: DataSource,
    readonly maxBytes: number,
  ) {
    this.#objects = source.getRepository(ObjectEntity);
  }

  /** Streams `body` to the store at flat memory. Throws a `Problem` `payload_too_large` or `invalid_input` (no bytes). */
  async upload(principal: Principal, body: AsyncIterable<Uint8Array>, name: string | null): Promise<RegisteredObject> {
    const staged = await this.store
      .stage(body, { maxBytes: this.maxBytes, headBytes: SNIFF_BYTES })
      .catch((error: unknown) => {
        throw error instanceof ObjectTooLarge ? this.tooLarge() : error;
      });
    try {
      if (staged.size === 0) throw new Problem('invalid_input', 'The body is empty. Send the bytes of the file.');
      const object = this.#objects.create({
        id: newJobId(),
        tenant: principal.tenant,
        owner: principal.actor,
        sha256: staged.sha256,
        size: staged.size,
        type: await sniffType(staged.head),
        name,
      });
      await staged.commit(objectKey(principal.tenant, staged.sha256));
      return await this.#objects.save(object);
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }

  tooLarge(): Problem {
    const megabytes = Math.floor(this.maxBytes / 1_000_000);
    return new Problem('payload_too_large', `An object may have at most ${megabytes} MB. Send a smaller file.`);
  }
}

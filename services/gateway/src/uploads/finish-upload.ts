import type { Readable } from 'node:stream';
import type { DataStore } from '@tus/server';
import { Problem } from '../http/problem.js';
import { ObjectUpload } from '../objects/upload-object.js';
import type { PartialUpload, UploadRegister } from './upload-register.js';

/** A store of parts that can be read. */
export type PartStore = DataStore & { read(id: string): Readable | Promise<Readable> };

/** Makes objects of uploads that are complete. */
export class UploadFinish {
  constructor(
    private readonly parts: PartStore,
    private readonly register: UploadRegister,
    private readonly uploads: ObjectUpload,
  ) {}

  /**
   * The bytes of the upload become an object with its id, once, however often and wherever this is called. Throws a
   * `Problem` when they cannot; the upload is gone then. The parts stay, for who is still looking at them: see `clear`.
   */
  async finish(upload: PartialUpload, size: number): Promise<void> {
    const { id, tenant, owner, name } = upload;
    try {
      const bytes = await this.parts.read(id);
      await this.uploads.upload({ tenant, actor: owner }, bytes, {
        id,
        name,
        beside: async (client) => {
          if (!(await this.register.finish(client, id, size))) throw new FinishedMeanwhile();
        },
      });
    } catch (error) {
      if (error instanceof Problem) await this.#drop(id);
      if (!(await this.register.isFinished(id))) throw error;
    }
  }

  /** Removes the parts of a finished upload. What stays for want of this goes when the upload expires. */
  async clear(id: string): Promise<void> {
    await this.parts.remove(id).catch(() => undefined);
  }

  async #drop(id: string): Promise<void> {
    await this.clear(id);
    await this.register.forget([id]);
  }
}

class FinishedMeanwhile extends Error {}

import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import type { PartStore } from './finish-upload.js';
import type { UploadRegister } from './upload-register.js';

const EVERY_MS = 5 * 60_000;

/** Removes the parts of uploads that were not finished in time. Any number of gateways may do so at once. */
export class UploadExpiry {
  readonly #rounds = new Repeat(() => this.#round());

  constructor(
    private readonly parts: PartStore,
    private readonly register: UploadRegister,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(5_000);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Removes what is due now; tells how many uploads, finished ones included, of which nothing but the row is left. */
  async expire(): Promise<number> {
    let expired = 0;
    for (let ids = await this.register.expired(); ids.length > 0; ids = await this.register.expired()) {
      // First the parts: a row without parts is found again, parts without a row are not.
      for (const id of ids) await this.parts.remove(id).catch(passMissing);
      await this.register.forget(ids);
      expired += ids.length;
    }
    return expired;
  }

  async #round(): Promise<number> {
    try {
      const uploads = await this.expire();
      if (uploads > 0) this.log.info({ uploads }, 'uploads in parts forgotten');
    } catch (error) {
      this.log.warn({ err: error }, 'expired uploads not removed, trying again later');
    }
    return EVERY_MS;
  }
}

function passMissing(error: unknown): void {
  if ((error as { status_code?: number }).status_code !== 404) throw error;
}

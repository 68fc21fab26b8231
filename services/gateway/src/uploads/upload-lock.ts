import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Repeat } from '@tandem/runtime/repeat';
import type { Lock, Locker, RequestRelease } from '@tus/server';
import type { Pool } from 'pg';

const LEASE = `held_until = now() + interval '10 seconds'`;
const RENEW_MS = 1_000;
const ASK_MS = 200;
/** Longer than the lease of a process that died. */
const PATIENCE_MS = 12_000;

const TAKE = `
  UPDATE gateway.uploads SET holder = $2, ${LEASE}, wanted = false
  WHERE id = $1 AND (holder IS NULL OR held_until < now())`;
const WANT = 'UPDATE gateway.uploads SET wanted = true WHERE id = $1 AND holder IS NOT NULL AND NOT wanted';
const RENEW = `UPDATE gateway.uploads SET ${LEASE} WHERE id = $1 AND holder = $2 RETURNING wanted`;
const GIVE = 'UPDATE gateway.uploads SET holder = NULL, held_until = NULL WHERE id = $1 AND holder = $2';

/**
 * One request at a time works on an upload, on whichever gateway: a lease in its row, since advisory locks do not pass
 * through a pooler. Who waits asks the holder to let go, for that may serve a connection that died without a word.
 */
export class UploadLocks implements Locker {
  constructor(private readonly pool: Pool) {}

  newLock(id: string): Lock {
    return new UploadLock(this.pool, id);
  }
}

class UploadLock implements Lock {
  readonly #holder = randomUUID();
  #renewal: Repeat | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly id: string,
  ) {}

  async lock(signal: AbortSignal, requestRelease: RequestRelease): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while ((await this.pool.query(TAKE, [this.id, this.#holder])).rowCount === 0) {
      if (signal.aborted || Date.now() > deadline) throw LOCKED;
      await this.pool.query(WANT, [this.id]);
      await pause(ASK_MS);
    }
    this.#renewal = new Repeat(() => this.#renew(requestRelease));
    this.#renewal.start(RENEW_MS);
  }

  async unlock(): Promise<void> {
    await this.#renewal?.stop();
    await this.pool.query(GIVE, [this.id, this.#holder]);
  }

  async #renew(requestRelease: RequestRelease): Promise<number> {
    // While the database is away the lease runs out; what was written until then stands.
    const { rows } = await this.pool
      .query<{ wanted: boolean }>(RENEW, [this.id, this.#holder])
      .catch(() => ({ rows: [{ wanted: false }] }));
    if (rows[0]?.wanted !== false) await requestRelease();
    return RENEW_MS;
  }
}

/** As the server takes errors: an answer. */
const LOCKED = { status_code: 423, body: 'Another request works on this upload. Try again in a moment.\n' };

import type { Egress } from '@tandem/egress/egress';
import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import { callbackAttempts } from '@tandem/telemetry/metrics';
import type { Pool } from 'pg';
import { type Claim, claimCallbacks, handBackCallback, settleCallback } from './claim-callbacks.js';
import { sendCallback } from './send-callback.js';

const EVERY_MS = 250;
const AFTER_FAILURE_MS = 2_000;
/** Deliveries of this process at once. */
const AT_ONCE = 32;
/** At a shutdown, what is still under way then is aborted and handed back; the phase has 5 s. */
const GRACE_MS = 3_000;

/** Delivers the callbacks of jobs that ended: at least once, with growing waits while a receiver does not take them. */
export class CallbackDelivery {
  readonly #rounds = new Repeat(() => this.#round());
  readonly #underWay = new Map<string, number>();
  readonly #deliveries = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(
    private readonly secrets: readonly string[],
    private readonly egress: Egress,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  /** Without a secret nothing can be signed: callbacks that are owed wait until there is one. */
  start(): void {
    if (this.secrets.length > 0) this.#rounds.start(EVERY_MS);
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    const timer = setTimeout(() => this.#stopping.abort(), GRACE_MS);
    await Promise.all(this.#deliveries);
    clearTimeout(timer);
  }

  /** Looks for callbacks now. */
  wake(): void {
    if (this.secrets.length > 0) this.#rounds.wake();
  }

  async #round(): Promise<number> {
    try {
      const room = AT_ONCE - this.#deliveries.size;
      if (room === 0) return EVERY_MS;
      const claims = await claimCallbacks(this.pool, this.#underWay, room);
      for (const claim of claims) this.#begin(claim);
      return claims.length > 0 ? 0 : EVERY_MS;
    } catch (error) {
      this.log.warn({ err: error }, 'callbacks not read, trying again');
      return AFTER_FAILURE_MS;
    }
  }

  #begin(claim: Claim): void {
    this.#count(claim.host, 1);
    const delivery = this.#deliver(claim)
      .catch((err: unknown) => {
        // Its lease brings it back.
        this.log.warn({ err, job: claim.job.id }, 'the outcome of a callback was not written down; it goes out again');
      })
      .finally(() => {
        this.#deliveries.delete(delivery);
        this.#count(claim.host, -1);
        this.#rounds.wake();
      });
    this.#deliveries.add(delivery);
  }

  async #deliver(claim: Claim): Promise<void> {
    const { job, tenant, callback } = claim;
    const { signal } = this.#stopping;
    const outcome = await sendCallback(this.egress, callback, { job, tenant, secrets: this.secrets, signal });
    if (outcome.status !== 'delivered' && signal.aborted) return handBackCallback(this.pool, claim);
    callbackAttempts.inc({ outcome: outcome.status });
    if (outcome.status !== 'delivered')
      this.log.info({ job: job.id, attempt: claim.tries + 1, reason: outcome.error }, 'callback not delivered');
    await settleCallback(this.pool, claim, outcome);
  }

  #count(host: string, by: 1 | -1): void {
    const now = (this.#underWay.get(host) ?? 0) + by;
    if (now === 0) this.#underWay.delete(host);
    else this.#underWay.set(host, now);
  }
}

import type { FastifyReply } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from './problem.js';

const WINDOW_S = 60;

/**
 * Requests per minute and principal, counted in this process. Headers follow the IETF draft "RateLimit header fields for
 * HTTP" (draft-ietf-httpapi-ratelimit-headers-10).
 */
export class RateLimit {
  readonly #limiter: RateLimiterMemory | undefined;

  /** @param perMinute 0 switches the limit off */
  constructor(private readonly perMinute: number) {
    if (perMinute > 0) this.#limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_S });
  }

  /** Counts one request. Throws a `Problem` `rate_limited` with `Retry-After` when the window is used up. */
  async count(key: string, reply: FastifyReply): Promise<void> {
    if (!this.#limiter) return;
    reply.header('RateLimit-Policy', `"default";q=${this.perMinute};w=${WINDOW_S}`);
    try {
      reply.header('RateLimit', rateLimit(await this.#limiter.consume(key)));
    } catch (used) {
      if (!(used instanceof RateLimiterRes)) throw used;
      reply.header('RateLimit', rateLimit(used));
      const seconds = Math.max(1, Math.ceil(used.msBeforeNext / 1000));
      throw new Problem(
        'rate_limited',
        `The limit is ${this.perMinute} requests a minute. Try again in ${seconds} s.`,
        undefined,
        {
          'Retry-After': String(seconds),
        },
      );
    }
  }
}

function rateLimit(state: RateLimiterRes): string {
  return `"default";r=${Math.max(0, state.remainingPoints)};t=${Math.ceil(state.msBeforeNext / 1000)}`;
}

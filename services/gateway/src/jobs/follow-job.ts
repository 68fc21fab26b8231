import {
  isFinal,
  type JobProgress,
  type JobStatus,
  type JobStep,
  type JobView,
  LiveMessage,
} from '@tandem/contracts/job';
import { liveSubject } from '@tandem/contracts/subjects';
import type { Connection } from '@tandem/messaging/connection';
import type { Principal } from '../identity/principal.js';
import type { JobFinder } from './find-jobs.js';
import type { JobChange } from './fold-reports.js';
import { endedView, jobSteps } from './job-view.js';

/** What a follower of a job sees: a step of its life, progress within a run, or a sign that the line is open. */
export type JobNews = { step: JobStep } | { progress: JobProgress } | { heartbeat: true };

const HEARTBEAT_MS = 15_000;
/** Live messages may get lost with a NATS outage; the ledger has the last word. */
const LOOK_AGAIN_MS = 2_000;
const FLUSH_MS = 1_000;

/** Follows jobs: the ledger's history first, then what happens, each step once and in order, up to the final one. */
export class JobFollower {
  readonly #stopping = new AbortController();
  readonly #waiting = new Map<string, (change: JobChange) => void>();

  constructor(
    private readonly connection: Connection,
    private readonly finder: JobFinder,
  ) {}

  /** Ends every stream and every wait; clients come back to another gateway with `Last-Event-ID`. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Throws a `Problem` `not_found` at the first `next()` for a job that the caller may not see. */
  async *follow(principal: Principal, id: string, after: number, leave?: AbortSignal): AsyncGenerator<JobNews> {
    const signal = AbortSignal.any([this.#stopping.signal, ...(leave ? [leave] : [])]);
    const live = await this.#listen(id, signal);
    try {
      let last = after;
      let heartbeatAt = Date.now() + HEARTBEAT_MS;
      while (!signal.aborted) {
        const job = await this.finder.history(principal, id);
        for (const step of jobSteps(job)) {
          if (step.position <= last) continue;
          last = step.position;
          yield { step };
        }
        if (isFinal(job.status)) return;
        for await (const news of live.untilStep(LOOK_AGAIN_MS)) yield { progress: news };
        if (Date.now() >= heartbeatAt) {
          heartbeatAt = Date.now() + HEARTBEAT_MS;
          yield { heartbeat: true };
        }
      }
    } finally {
      live.close();
    }
  }

  /** The job when it is final, or as it is after `waitMs`. */
  async waitFor(principal: Principal, id: string, waitMs: number): Promise<JobView> {
    const deadline = AbortSignal.timeout(waitMs);
    for await (const _ of this.follow(principal, id, -1, deadline));
    return this.finder.view(principal, id);
  }

  /**
   * As {@link waitFor}, for a job that is not yet published: call it before. The subscription then goes out on the same
   * connection as the command and ahead of it, so no question to the ledger is needed but the last; and not even that one
   * where this very process projects the job's whole life.
   */
  async waitForNew(principal: Principal, accepted: JobView, waitMs: number): Promise<JobView> {
    const { id } = accepted;
    const deadline = AbortSignal.any([AbortSignal.timeout(waitMs), this.#stopping.signal]);
    const live = this.#subscribe(id, deadline);
    let ended: JobView | undefined;
    this.#waiting.set(id, (change) => {
      ended = endedView(accepted, change);
      live.wake();
    });
    try {
      for (;;) {
        const status = await live.nextStatus(LOOK_AGAIN_MS);
        if (ended) return ended;
        if (status && !isFinal(status) && !deadline.aborted) continue;
        const job = await this.finder.view(principal, id);
        if (isFinal(job.status) || deadline.aborted) return job;
      }
    } finally {
      this.#waiting.delete(id);
      live.close();
    }
  }

  /** Tells those in this process who wait for a new job that its end stands in the ledger. */
  ended(change: JobChange): void {
    this.#waiting.get(change.id)?.(change);
  }

  async #listen(id: string, signal?: AbortSignal): Promise<LiveNews> {
    const live = this.#subscribe(id, signal);
    // The history is read after the server knows the subscription, so no step falls between the two.
    if (this.connection.up()) {
      await Promise.race([
        this.connection.nc.flush().catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, FLUSH_MS).unref()),
      ]);
    }
    return live;
  }

  #subscribe(id: string, signal?: AbortSignal): LiveNews {
    const live = new LiveNews(signal);
    const subscription = this.connection.nc.subscribe(liveSubject(id), {
      callback: (_error, message) => live.receive(message.string()),
    });
    live.onClose(() => subscription.unsubscribe());
    return live;
  }
}

/** The live messages of one job as they come in. */
class LiveNews {
  readonly #progress: JobProgress[] = [];
  #status: JobStatus | undefined;
  #wake: () => void = () => undefined;
  #close: () => void = () => undefined;

  constructor(private readonly signal?: AbortSignal) {
    signal?.addEventListener('abort', () => this.#wake(), { once: true });
  }

  onClose(close: () => void): void {
    this.#close = close;
  }

  close(): void {
    this.#close();
    this.#wake();
  }

  receive(text: string): void {
    const message = LiveMessage.safeParse(JSON.parse(text));
    if (!message.success) return;
    if ('progress' in message.data) this.#progress.push(message.data.progress);
    else this.#status = message.data.step.status;
    this.#wake();
  }

  /** Ends a wait for the next status. */
  wake(): void {
    this.#wake();
  }

  /** The status that was announced last, or undefined when `waitMs` are over. */
  async nextStatus(waitMs: number): Promise<JobStatus | undefined> {
    if (!this.#status) await this.#awake(waitMs);
    const status = this.#status;
    this.#status = undefined;
    return status;
  }

  /** Yields progress until a step is announced, `waitMs` are over or the follower leaves. */
  async *untilStep(waitMs: number): AsyncGenerator<JobProgress> {
    const deadline = Date.now() + waitMs;
    while (!this.signal?.aborted) {
      yield* this.#progress.splice(0);
      if (this.#status || Date.now() >= deadline) break;
      await this.#awake(deadline - Date.now());
    }
    this.#status = undefined;
  }

  /** Resolves at the next message, when the follower leaves, or after `waitMs`. */
  #awake(waitMs: number): Promise<void> {
    if (this.signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, waitMs));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

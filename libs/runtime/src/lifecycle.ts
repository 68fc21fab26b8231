import type { Logger } from '@tandem/telemetry/logger';

/** The part of `process` that {@link Lifecycle.trapSignals} needs. */
export type SignalHost = Pick<NodeJS.Process, 'on' | 'exit'>;

const SAME_PRESS_MS = 1_000;

interface Phase {
  name: string;
  deadlineMs: number;
  stop: () => Promise<void>;
}

/** Stops a process in the reverse order of its start, each phase within its own deadline. */
export class Lifecycle {
  readonly #phases: Phase[] = [];
  readonly #logger: Pick<Logger, 'info' | 'warn' | 'error' | 'fatal'>;
  readonly #host: SignalHost;
  readonly #now: () => number;
  #stopping: Promise<void> | undefined;

  constructor(
    logger: Pick<Logger, 'info' | 'warn' | 'error' | 'fatal'>,
    host: SignalHost = process,
    now: () => number = Date.now,
  ) {
    this.#logger = logger;
    this.#host = host;
    this.#now = now;
  }

  /** Registers what undoes the step that just succeeded. It has `deadlineMs` before the next phase begins without it. */
  onStop(name: string, deadlineMs: number, stop: () => Promise<void>): void {
    this.#phases.push({ name, deadlineMs, stop });
  }

  /** Runs a step of the start. When it fails, what stands already is stopped before the error goes on. */
  async guard<T>(start: () => Promise<T>): Promise<T> {
    try {
      return await start();
    } catch (error) {
      await this.stop('the start failed');
      throw error;
    }
  }

  /** Runs every phase once. Never rejects: a phase that fails or is late is logged. Further calls wait for the first. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#runPhases(reason);
    return this.#stopping;
  }

  /**
   * SIGTERM and SIGINT stop, then exit 0; another signal later exits 1 at once, and so does an error that nobody caught.
   * Signals within a second are one: a process group, npm and `timeout` each pass on the same Ctrl-C.
   */
  trapSignals(): void {
    let first: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      this.#host.on(signal, () => {
        first ??= this.#now();
        if (this.#stopping && this.#now() - first > SAME_PRESS_MS) this.#host.exit(1);
        void this.stop(signal).then(() => this.#host.exit(0));
      });
    }
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      this.#host.on(event, (err: unknown) => {
        this.#logger.fatal({ err }, event);
        this.#host.exit(1);
      });
    }
  }

  async #runPhases(reason: string): Promise<void> {
    this.#logger.info({ reason }, 'stopping');
    for (let phase = this.#phases.pop(); phase; phase = this.#phases.pop()) await this.#run(phase);
    this.#logger.info({ reason }, 'stopped');
  }

  async #run({ name, deadlineMs, stop }: Phase): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, deadlineMs, 'late');
    });
    // `async` turns a synchronous throw of `stop` into a rejection. Late failures are logged too, not unhandled.
    const stopped = (async () => stop())().catch((err: unknown) =>
      this.#logger.error({ err, phase: name }, 'failed to stop'),
    );
    if ((await Promise.race([stopped, deadline])) === 'late') {
      this.#logger.warn({ phase: name, deadlineMs }, 'did not stop within its deadline');
    }
    clearTimeout(timer);
  }
}

import type { Logger } from '@tandem/telemetry/logger';
import { handlersAbandoned } from '@tandem/telemetry/metrics';
import type { Lifecycle } from './lifecycle.js';

/** Work that was aborted. */
export interface AbortedWork {
  job: string;
  command: string;
  /** How long it may take to notice. */
  graceMs: number;
}

/** The last resort, see {@link restartBySupervisor}; also what tests give. */
export type GiveUp = (reason: string) => Promise<void> | void;

/**
 * Waits for handlers that were aborted. One that does not end within its grace is abandoned: JavaScript cannot stop it,
 * so it is logged and counted (`tandem_handlers_abandoned`), and the process gives up, if it has a way to.
 *
 * Without `giveUp` it only logs and counts. That is for a process that nobody starts again, and whose end would take
 * other services and embedded servers with it: standalone.
 */
export class Stragglers {
  readonly #logger: Pick<Logger, 'error' | 'info'>;
  readonly #giveUp: GiveUp | undefined;
  #givenUp = false;

  constructor(logger: Pick<Logger, 'error' | 'info'>, giveUp?: GiveUp) {
    this.#logger = logger;
    this.#giveUp = giveUp;
  }

  /**
   * Call it when `work` has been aborted. Resolves to whether it outlived its grace; never rejects, and hears a late
   * failure of `work`, so that it is no unhandled rejection.
   */
  async watch(work: Promise<unknown>, { job, command, graceMs }: AbortedWork): Promise<boolean> {
    const ended = work.then(
      () => false,
      () => false,
    );
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<boolean>((resolve) => {
      // A process that has nothing else to do may end.
      timer = setTimeout(resolve, graceMs, true).unref();
    });
    const abandoned = await Promise.race([ended, grace]);
    clearTimeout(timer);
    if (abandoned) this.#abandon(ended, { job, command, graceMs });
    return abandoned;
  }

  #abandon(ended: Promise<unknown>, work: AbortedWork): void {
    const { command, job } = work;
    this.#logger.error(work, 'a handler ignores that it was aborted');
    handlersAbandoned.inc({ command });
    void ended.then(() => {
      handlersAbandoned.dec({ command });
      this.#logger.info({ command, job }, 'an abandoned handler ended after all');
    });
    if (this.#givenUp || !this.#giveUp) return;
    this.#givenUp = true;
    void this.#giveUp(`job ${job} of ${command} ignores that it was aborted`);
  }
}

/** Ends this process, whatever holds it. */
export type Kill = () => void;

/**
 * Gives up by draining and then ending this process, so that its supervisor (Kubernetes, systemd, compose with
 * `restart`) starts a fresh one. Neighbouring jobs end, or are handed back, as at SIGTERM.
 *
 * It ends by SIGKILL (137 for a supervisor): `process.exit()` joins the threads of libuv's pool, so it would wait for
 * ever for a native call that never returns.
 */
export function restartBySupervisor(
  lifecycle: Pick<Lifecycle, 'stop'>,
  kill: Kill = () => process.kill(process.pid, 'SIGKILL'),
): GiveUp {
  return async (reason) => {
    await lifecycle.stop(reason);
    kill();
  };
}

import { PROXY_STATUS } from '@tandem/egress/proxy-answers';
import type { CDPSession, Protocol } from 'puppeteer-core';
import { failureReason, statusReason } from './failure-reason.js';
import { withoutSecrets } from './findings.js';
import type { JobPage } from './job-page.js';

type Paused = Protocol.Fetch.RequestPausedEvent;
interface Request {
  url: string;
  timer: NodeJS.Timeout | undefined;
}

/** What a page has asked other hosts for, and what became of it. */
export class Traffic implements Disposable {
  readonly #open = new Map<string, Request>();
  readonly #givenUp = new Set<string>();
  readonly #timeoutS: number;
  /** What was given up and still hangs in the page. */
  readonly #hanging = new Set<string>();
  #quietSince = Date.now();
  #onStuck: () => void = () => {};

  constructor(private readonly job: JobPage) {
    this.#timeoutS = job.load.resourceTimeoutSeconds ?? 10;
  }

  /** Hears what becomes of the requests of a session. */
  attach(session: CDPSession): Promise<unknown> {
    const { job } = this;
    job.on(session, 'Network.responseReceived', ({ requestId, response }) => {
      const request = this.#open.get(requestId);
      // 407 is the proxy, which asks for the name of the job.
      if (request && response.status >= 400 && response.status !== 407)
        this.#failed(request.url, statusReason(response.status, proxyStatusOf(response)));
    });
    job.on(session, 'Network.loadingFinished', ({ requestId }) => {
      this.#hanging.delete(requestId);
      this.#ended(requestId);
    });
    job.on(session, 'Network.loadingFailed', ({ requestId, errorText, blockedReason, corsErrorStatus, canceled }) => {
      const request = this.#open.get(requestId);
      const reason = corsErrorStatus
        ? `the host does not allow other sites to use it (${corsErrorStatus.corsError})`
        : failureReason(errorText, blockedReason);
      if (request && !canceled) this.#failed(request.url, reason);
      this.#hanging.delete(requestId);
      this.#ended(requestId);
    });
    return session.send('Network.enable');
  }

  /** A request goes out. The page itself has the time of the whole, and no time of its own. */
  began({ networkId, requestId, request }: Paused, isMain: boolean): void {
    const id = networkId ?? requestId;
    clearTimeout(this.#open.get(id)?.timer);
    const timer = isMain ? undefined : setTimeout(() => this.#giveUp(id), this.#timeoutS * 1_000);
    this.#open.set(id, { url: request.url, timer });
  }

  isGivenUp(url: string): boolean {
    return this.#givenUp.has(url);
  }

  /** Is called when nothing is under way any more but what was given up: the page would wait for that for ever. */
  set onStuck(act: () => void) {
    this.#onStuck = act;
  }

  /** The page is opened again: what hung in it is gone. */
  restart(): void {
    this.#hanging.clear();
  }

  /** Milliseconds since something was under way. */
  get quietMs(): number {
    return this.#open.size > 0 ? 0 : Date.now() - this.#quietSince;
  }

  /** What is under way, for a message. */
  get underWay(): string | undefined {
    const [first] = this.#open.values();
    return first && withoutSecrets(first.url);
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer);
  }

  #giveUp(id: string): void {
    const request = this.#open.get(id);
    if (!request) return;
    this.#failed(request.url, `it was not there within ${this.#timeoutS} s`);
    this.#givenUp.add(request.url);
    this.#hanging.add(id);
    this.#ended(id);
  }

  #ended(id: string): void {
    const request = this.#open.get(id);
    if (!request) return;
    clearTimeout(request.timer);
    this.#open.delete(id);
    this.#quietSince = Date.now();
    if (this.#open.size === 0 && this.#hanging.size > 0) this.#onStuck();
  }

  #failed(url: string, reason: string): void {
    this.job.findings.resourceFailed(url, reason);
  }
}

/** Network events keep the letters of the names of headers. */
function proxyStatusOf({ headers }: Protocol.Network.Response): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === PROXY_STATUS)?.[1];
}

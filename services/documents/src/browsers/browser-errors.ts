import { AttemptFailed, RetryLater } from '@tandem/messaging/outcome';

/** What happened to a browser: it ended by itself or a page of it did, it stopped answering, or the pool was stopped. */
export type BrowserFault = 'crashed' | 'hung' | 'stopped';

const DETAILS: Record<BrowserFault, string> = {
  crashed: 'The browser crashed while it made this document.',
  hung: 'The browser stopped answering while it made this document.',
  stopped: 'The browsers are being stopped.',
};

/** The browser under a loan failed, through no proven fault of the document: the work may run again on another one. */
export class BrowserFailed extends AttemptFailed {
  constructor(
    readonly fault: BrowserFault,
    options?: ErrorOptions,
  ) {
    super('internal', DETAILS[fault], options);
  }
}

/** A page ended while its browser goes on: by a flaw of the browser, or by what the document makes it do. */
export class PageCrashed extends BrowserFailed {
  constructor() {
    super('crashed');
  }
}

const LOOK_AGAIN_MS = 30_000;

/** There is no browser to lend pages of. Its `detail` says why and what to change; the job waits, no attempt is used. */
export class BrowserMissing extends RetryLater {
  constructor(detail: string) {
    super(LOOK_AGAIN_MS, detail);
  }
}

/** More work waits for a page than the pool lets wait. */
export class PoolFull extends RetryLater {
  constructor() {
    super(1_000, 'All browsers are busy, and many documents wait already.');
  }
}

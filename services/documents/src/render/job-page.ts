import type { LoadOptions } from '@tandem/contracts/page-options';
import type { CDPEvents, CDPSession } from 'puppeteer-core';
import type { LentPage } from '../browsers/lent-page.js';
import type { Deadline } from './deadline.js';
import type { Findings } from './findings.js';
import type { PageContent } from './page-content.js';

/** One document being made: its page, and what all steps need to know. */
export class JobPage implements Disposable {
  readonly #listening: (() => void)[] = [];

  constructor(
    readonly lent: LentPage,
    readonly content: PageContent,
    readonly load: Partial<LoadOptions>,
    readonly javascript: boolean,
    readonly findings: Findings,
    readonly deadline: Deadline,
  ) {}

  /** Sends a command to the page; rejects at the deadline, whatever the browser does. */
  readonly send: CDPSession['send'] = (command, params) => this.deadline.race(this.lent.session.send(command, params));

  /** Hears events of a session until the document is made. */
  on<E extends keyof CDPEvents>(session: CDPSession, event: E, listener: (event: CDPEvents[E]) => void): void {
    session.on(event, listener as never);
    this.#listening.push(() => session.off(event, listener as never));
  }

  [Symbol.dispose](): void {
    for (const stop of this.#listening) stop();
  }
}

/** For a command whose answer does not matter: the page may have gone meanwhile. */
export function unheard(sent: Promise<unknown>): void {
  sent.catch(() => {});
}

import { setTimeout as sleep } from 'node:timers/promises';
import { PROHIBITED, PROXY_STATUS } from '@tandem/egress/proxy-answers';
import { AttemptFailed, Rejected } from '@tandem/messaging/outcome';
import type { CDPSession, Protocol } from 'puppeteer-core';
import { failureReason, mayPass, proxyError } from './failure-reason.js';
import type { JobPage } from './job-page.js';

type Paused = Protocol.Fetch.RequestPausedEvent;

/** What a browser shows by itself; anything else would be a download. */
const SHOWN = /^(?:text\/|image\/|application\/(?:xhtml\+xml|xml|json|[\w.+-]+\+(?:xml|json))(?:;|$))/i;

/** Bytes of what a host says, and how long it may take to say them. */
const MOST_SAID = 300;
const SAID_MS = 2_000;

/** The page that becomes the document: where it may go, and what is said when it cannot be had. */
export class MainPage {
  readonly frame: string;
  readonly #mayLeave: boolean;
  #opened = 0;
  #granted = 0;

  constructor(private readonly job: JobPage) {
    // A page of ours is the document; one somewhere else may lead on, as sites do.
    this.#mayLeave = !('html' in job.content);
    this.frame = job.lent.frame;
  }

  /** Opens the page, or opens it again. When it cannot be had, the deadline fails. */
  async open(): Promise<void> {
    const { content, lent } = this.job;
    if (lent.opened && 'html' in content) return this.#write(content.html);
    const mine = ++this.#opened;
    this.#granted = 1;
    const url = 'html' in content ? `${lent.origin}/` : content.url;
    if (!/^https?:/i.test(url)) return this.fail('Only http and https can be opened.');
    const { errorText } = await this.job.send('Page.navigate', { url });
    // A second opening breaks the first one off, and so does a script that leads elsewhere at once.
    if (errorText && mine === this.#opened && errorText !== 'net::ERR_ABORTED') this.#cannotBeHad(errorText);
  }

  /** Whether a request is for the page itself, and not for what is in it. */
  owns({ frameId, resourceType }: Paused): boolean {
    return resourceType === 'Document' && frameId === this.frame;
  }

  mayGo({ request, redirectedRequestId }: Paused): boolean {
    if (this.#mayLeave) return /^https?:/i.test(request.url);
    if (redirectedRequestId || this.#granted === 0) return false;
    this.#granted -= 1;
    return request.url === `${this.job.lent.origin}/`;
  }

  /** Watches where the page goes without a request that could be answered: `blob:`, `about:blank`, an error page. */
  watch(): void {
    this.job.on(this.job.lent.session, 'Page.frameNavigated', ({ frame }) => {
      if (frame.parentId || /^https?:/.test(frame.url)) return;
      if (frame.url.startsWith('chrome-error:')) return;
      this.fail(`It went to an address that cannot be printed, of the kind ${/^[a-z-]*:/.exec(frame.url)?.[0]}`);
    });
  }

  /** Refuses an answer of the host or the proxy, with what it said if it said it in short. */
  async refuse(session: CDPSession, event: Paused, refusal: string): Promise<void> {
    const said = isPlainText(event) ? await shortText(session, event.requestId) : '';
    const error = proxyError(headerOf(event, PROXY_STATUS));
    if (!error) return this.fail(said ? `${refusal} It says: ${said}` : refusal);
    if (error === PROHIBITED) return this.fail(said || refusal);
    this.job.deadline.fail(new AttemptFailed('source_unreachable', `The URL cannot be opened: ${said || refusal}`));
  }

  fail(detail: string): void {
    const what = 'html' in this.job.content ? 'The document cannot be made.' : 'The page of the URL cannot be made.';
    this.job.deadline.fail(new Rejected('document_failed', `${what} ${detail}`));
  }

  async #write(html: string): Promise<void> {
    await this.job.send('Page.setDocumentContent', { frameId: this.frame, html });
  }

  #cannotBeHad(errorText: string): void {
    const detail = `The URL cannot be opened: ${failureReason(errorText)}.`;
    this.job.deadline.fail(
      mayPass(errorText)
        ? new AttemptFailed('source_unreachable', detail)
        : new Rejected('document_failed', `${detail} Check the URL.`),
    );
  }
}

/** Why an answer of a host is not shown as a page; undefined when it is. */
export function refusalOfMainPage(event: Paused): string | undefined {
  const { responseStatusCode = 0 } = event;
  if (responseStatusCode >= 400) return `The host answered ${responseStatusCode}.`;
  if (responseStatusCode >= 300) return undefined;
  const type = headerOf(event, 'content-type');
  if (/^\s*attachment/i.test(headerOf(event, 'content-disposition')) || (type && !SHOWN.test(type))) {
    return `It is a file to download (${type || 'of no type'}) and not a page.`;
  }
  return undefined;
}

function isPlainText(event: Paused): boolean {
  return /^text\/plain/i.test(headerOf(event, 'content-type'));
}

function headerOf({ responseHeaders = [] }: Paused, wanted: string): string {
  return responseHeaders.find(({ name }) => name.toLowerCase() === wanted)?.value ?? '';
}

/** The text of an answer that is short; nothing of one that is long, or does not end soon: it is not waited for. */
async function shortText(session: CDPSession, requestId: string): Promise<string> {
  try {
    const text = await Promise.race([readText(session, requestId), sleep(SAID_MS, '', { ref: false })]);
    return text.replace(/\s+/g, ' ').trim();
  } catch {
    return '';
  }
}

/** As a stream, of which no more is read than is needed to know that it is too long. */
async function readText(session: CDPSession, requestId: string): Promise<string> {
  const { stream: handle } = await session.send('Fetch.takeResponseBodyAsStream', { requestId });
  const pieces: Buffer[] = [];
  for (let eof = false, bytes = 0; !eof; ) {
    const piece = await session.send('IO.read', { handle, size: MOST_SAID + 1 });
    pieces.push(Buffer.from(piece.data, piece.base64Encoded ? 'base64' : 'utf8'));
    bytes += pieces.at(-1)!.length;
    if (bytes > MOST_SAID) return '';
    eof = piece.eof;
  }
  return Buffer.concat(pieces).toString('utf8');
}

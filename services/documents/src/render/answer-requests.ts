import type { CDPSession, Protocol } from 'puppeteer-core';
import { decodedPath } from './decoded-path.js';
import { withoutSecrets } from './findings.js';
import { type JobPage, unheard } from './job-page.js';
import { errorStatus, type MainPage, refusalOfMainPage } from './main-page.js';
import type { Asset, WrittenPage } from './page-content.js';
import type { Traffic } from './traffic.js';

type Paused = Protocol.Fetch.RequestPausedEvent;

/** Requests of one page; more are no document but an attack. */
const MOST_REQUESTS = 5_000;

/** Where nobody is: the proxy asks who comes, and refuses the port without a look-up. */
export const PROXY_DOOR_HOST = 'document.invalid:81';
const PROXY_DOOR = `http://${PROXY_DOOR_HOST}/`;

/** Answers what a page asks for: from memory what is ours, not at all what is foreign, unless it may reach other hosts. */
export class RequestAnswers {
  readonly #written: WrittenPage | undefined;
  readonly #headersFor: string | undefined;
  readonly #asked = new Set<string>();
  #requests = 0;

  constructor(
    private readonly job: JobPage,
    private readonly main: MainPage,
    private readonly traffic: Traffic | undefined,
  ) {
    const { content, load } = job;
    if ('html' in content) this.#written = content;
    else if (load.headers || load.cookies) this.#headersFor = new URL(content.url).origin;
  }

  /** Begins to answer the requests of a session: of the page itself, or of a frame in a process of its own. */
  attach(session: CDPSession): Promise<unknown> {
    this.job.on(session, 'Fetch.requestPaused', (event) => unheard(this.#onPaused(session, event)));
    const patterns: Protocol.Fetch.RequestPattern[] = [{ urlPattern: '*' }];
    if (this.job.lent.opened) return Promise.resolve();
    if (!this.traffic) return session.send('Fetch.enable', { patterns });
    this.job.on(session, 'Fetch.authRequired', (event) => unheard(this.#onAuth(session, event)));
    patterns.push({ urlPattern: '*', resourceType: 'Document', requestStage: 'Response' });
    return session.send('Fetch.enable', { patterns, handleAuthRequests: true });
  }

  /**
   * Has the browser tell the proxy whose page it is, which it then remembers. Only a page itself is asked for that: an image from
   * elsewhere would fail, were it the first to come.
   */
  introduce(): Promise<unknown> {
    return this.job.send('Page.navigate', { url: PROXY_DOOR });
  }

  #onPaused(session: CDPSession, event: Paused): Promise<unknown> {
    if (event.request.url === PROXY_DOOR) return this.#knock(session, event);
    if (event.responseStatusCode !== undefined || event.responseErrorReason) return this.#onResponse(session, event);
    this.#requests += 1;
    if (this.#requests > MOST_REQUESTS) {
      const detail = `It makes more than ${MOST_REQUESTS} requests. Make a document that needs fewer.`;
      this.main.fail(detail);
      return this.#fail(session, event, 'Aborted');
    }
    const { url } = event.request;
    const { origin } = this.job.lent;
    if (this.main.owns(event) && !this.main.mayGo(event)) {
      return this.#refuse(session, event, 'a document may not lead its page elsewhere');
    }
    if (url.startsWith(`${origin}/`)) return this.#answer(session, event, url.slice(origin.length + 1));
    if (!this.traffic) {
      return this.#refuse(session, event, 'other hosts may not be reached; set load.network to true to allow it');
    }
    if (!/^https?:/i.test(url)) return this.#refuse(session, event, 'only http and https can be loaded');
    if (this.traffic.isGivenUp(url)) return this.#fail(session, event, 'TimedOut');
    this.traffic.began(event, this.main.owns(event));
    return this.#go(session, event);
  }

  #knock(session: CDPSession, event: Paused): Promise<unknown> {
    if (event.responseStatusCode !== undefined) return this.#fail(session, event, 'Aborted');
    return session.send('Fetch.continueRequest', { requestId: event.requestId });
  }

  #answer(session: CDPSession, event: Paused, rest: string): Promise<unknown> {
    const { requestId } = event;
    const path = decodedPath(rest.replace(/[?#].*$/s, ''));
    const html = path === '' && this.main.owns(event) ? this.#written?.html : undefined;
    const asset = html === undefined ? this.#written?.assets.get(path) : undefined;
    if (html === undefined && !asset) {
      // A full Chromium asks for an icon that nobody mentioned.
      if (path !== 'favicon.ico') this.job.findings.resourceFailed(path, 'the document has no asset of this path');
      return this.#fail(session, event, 'Failed');
    }
    return session.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: 200,
      responseHeaders: [{ name: 'content-type', value: asset ? asset.type : 'text/html; charset=utf-8' }],
      body: asset ? base64Of(asset) : Buffer.from(html!).toString('base64'),
    });
  }

  /** Pages are looked at before they are shown: a status of failure, or a file that is no page. */
  #onResponse(session: CDPSession, event: Paused): Promise<unknown> {
    const owned = this.main.owns(event);
    const anyStatus = owned && this.job.load.onErrorStatus === 'report';
    const refusal = refusalOfMainPage(event, anyStatus);
    if (refusal && owned) return this.main.refuse(session, event, refusal);
    const status = anyStatus && errorStatus(event);
    if (status) this.job.findings.warn(`The host answered ${status}; what it shows with that is printed.`);
    if (refusal && event.responseStatusCode! < 400) return this.#refuse(session, event, refusal);
    return session.send('Fetch.continueRequest', { requestId: event.requestId });
  }

  /** The name of the job to the proxy. A proxy that refuses it once refuses it again; passwords of sites are not ours to know. */
  #onAuth(session: CDPSession, { requestId, authChallenge }: Protocol.Fetch.AuthRequiredEvent): Promise<unknown> {
    const username = this.job.lent.grant?.token;
    const known = authChallenge.source === 'Proxy' && username && !this.#asked.has(requestId);
    this.#asked.add(requestId);
    const authChallengeResponse: Protocol.Fetch.AuthChallengeResponse = known
      ? { response: 'ProvideCredentials', username, password: 'x' }
      : { response: 'CancelAuth' };
    return session.send('Fetch.continueWithAuth', { requestId, authChallengeResponse });
  }

  async #go(session: CDPSession, event: Paused): Promise<unknown> {
    const { requestId, request } = event;
    const ours = this.#headersFor && new URL(request.url).origin === this.#headersFor;
    const headers = ours ? this.#headersOf(event, await this.#cookiesFor(session, request.url)) : undefined;
    return session.send('Fetch.continueRequest', { requestId, headers });
  }

  /**
   * Those of the job, and what the site has set since, which goes before. In the browser's own store the job's would reach other
   * ports of the host.
   */
  async #cookiesFor(session: CDPSession, url: string): Promise<string | undefined> {
    const { cookies } = this.job.load;
    if (!cookies) return undefined;
    const set = (await session.send('Network.getCookies', { urls: [url] })).cookies;
    const all = new Map([...cookies, ...set].map(({ name, value }) => [name, value]));
    return [...all].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #headersOf({ request }: Paused, cookies: string | undefined): Protocol.Fetch.HeaderEntry[] {
    const own = { ...this.job.load.headers, ...(cookies ? { Cookie: cookies } : {}) };
    const replaced = new Set(Object.keys(own).map((name) => name.toLowerCase()));
    const kept = Object.entries(request.headers).filter(([name]) => !replaced.has(name.toLowerCase()));
    return [...kept, ...Object.entries(own)].map(([name, value]) => ({ name, value }));
  }

  #refuse(session: CDPSession, event: Paused, reason: string): Promise<unknown> {
    this.job.findings.resourceFailed(withoutSecrets(event.request.url), reason);
    return this.#fail(session, event, 'Aborted');
  }

  // "Aborted" lets a page stay as it is when it was about to leave.
  #fail(session: CDPSession, { requestId }: Paused, errorReason: Protocol.Network.ErrorReason): Promise<unknown> {
    return session.send('Fetch.failRequest', { requestId, errorReason });
  }
}

/** The logo of a template goes into thousands of documents. */
const encoded = new WeakMap<Asset, string>();
function base64Of(asset: Asset): string {
  let text = encoded.get(asset);
  if (text === undefined) {
    text = Buffer.from(asset.bytes.buffer, asset.bytes.byteOffset, asset.bytes.byteLength).toString('base64');
    encoded.set(asset, text);
  }
  return text;
}

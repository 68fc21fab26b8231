import type { Page } from 'puppeteer-core';

/** What leaves nothing behind in a page but what a wipe takes away. */
const HARMLESS = new Set<PropertyKey>([
  '$',
  '$$',
  '$$eval',
  '$eval',
  'content',
  'createPDFStream',
  'emulateMediaFeatures',
  'emulateMediaType',
  'evaluate',
  'frames',
  'goto',
  'isClosed',
  'isJavaScriptEnabled',
  'mainFrame',
  'off',
  'on',
  'pdf',
  'screenshot',
  'setContent',
  'setViewport',
  'title',
  'url',
  'viewport',
  'waitForFunction',
  'waitForNetworkIdle',
  'waitForSelector',
]);

/** A page in somebody's hands, and what they did with it. */
export class TrackedPage {
  /**
   * Whether something else was used: puppeteer keeps what `exposeFunction`, `authenticate` or `evaluateOnNewDocument` set for as long as
   * the page lives, and tells nobody what that was.
   */
  lasting = false;
  /** The same page, for the borrower. */
  readonly page: Page;
  readonly #listeners: Parameters<Page['off']>[] = [];

  constructor(private readonly own: Page) {
    this.page = new Proxy(own, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          this.#note(name, args);
          return value.apply(target, args);
        };
      },
    });
  }

  /** Takes the borrower's listeners away. Not by `removeAllListeners`, which closes the page. */
  forget(): void {
    for (const [type, listener] of this.#listeners.splice(0)) this.own.off(type, listener);
  }

  #note(name: PropertyKey, args: unknown[]): void {
    if (!HARMLESS.has(name)) this.lasting = true;
    if (name === 'on') this.#listeners.push(args as Parameters<Page['off']>);
  }
}

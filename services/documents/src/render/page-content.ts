import type { PdfOptions } from '@tandem/contracts/page-options';

/** A file that a page uses. */
export interface Asset {
  type: string;
  bytes: Uint8Array;
}

/** A page that is written here, with all that it uses. */
export interface WrittenPage {
  /** A whole HTML document, or the inside of one. */
  html: string;
  /** By the relative path that the page uses. */
  assets: ReadonlyMap<string, Asset>;
  /** Options that the page brings with it, such as a template's; a request's own go before. */
  pdf?: PdfOptions;
  /** What is probably not as its author meant it; the report of the rendering tells it. */
  warnings?: string[];
}

/** What a document is made from: a page of ours, or one somewhere else. */
export type PageContent = WrittenPage | { url: string };

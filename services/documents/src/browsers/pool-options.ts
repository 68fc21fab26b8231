import { availableParallelism } from 'node:os';
import { policiesOf } from '@tandem/egress/settings';
import type { DocumentsConfig } from '../config.js';
import { findChromium } from './find-chromium.js';
import type { PagePoolOptions } from './page-pool.js';

const MOST_BROWSERS = 8;

/** Documents that the service makes at once. */
export function documentsAtOnce(config: DocumentsConfig): number {
  return config.DOCUMENTS_CONCURRENCY || 2 * availableParallelism();
}

/** The pool that the settings describe. */
export function poolOptions(config: DocumentsConfig): PagePoolOptions {
  const pages = documentsAtOnce(config);
  return {
    // Looked for at every start, so that a browser which is installed later is found.
    chromium: () => findChromium(config.CHROMIUM_BIN),
    policies: policiesOf(config),
    pages,
    browsers: config.DOCUMENTS_BROWSERS || Math.min(Math.ceil(pages / 2), MOST_BROWSERS),
    sandbox: config.CHROMIUM_SANDBOX,
    jobs: config.DOCUMENTS_BROWSER_JOBS,
    memoryMb: config.DOCUMENTS_BROWSER_MB,
    ageMs: config.DOCUMENTS_BROWSER_MINUTES * 60_000,
    pageMb: config.DOCUMENTS_PAGE_MB,
  };
}

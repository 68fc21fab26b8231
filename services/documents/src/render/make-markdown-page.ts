import { extname } from 'node:path';
import { Rejected } from '@tandem/messaging/outcome';
import { runIsolated } from '@tandem/runtime/isolate';
import { ChildDied, IsolateTimedOut } from '@tandem/runtime/isolated-child';
import { markdownHtml } from './markdown-page.js';
import type { Asset, WrittenPage } from './page-content.js';

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = new URL(`./markdown-page${extname(import.meta.filename)}`, import.meta.url);
/** Characters that are read here. The worst of them, thousands of open brackets, take the square of their number: 0.2 s. */
const MOST_HERE = 20_000;
const SECONDS = 10;
const MEMORY_MB = 512;

interface Limits {
  signal: AbortSignal;
  /** 10 by default. */
  seconds?: number;
}

/** A page of Markdown. What is long is read in a process of its own, which may be killed. Throws `Rejected` when that takes too much. */
export async function makeMarkdownPage(
  text: string,
  { assets, lang, ...limits }: { assets: ReadonlyMap<string, Asset>; lang?: string } & Limits,
): Promise<WrittenPage> {
  const html = text.length <= MOST_HERE ? markdownHtml({ text, lang }) : await inProcess({ text, lang }, limits);
  return { html, assets, pdf: { margins: '20mm', outline: true } };
}

async function inProcess(
  input: Parameters<typeof markdownHtml>[0],
  { signal, seconds = SECONDS }: Limits,
): Promise<string> {
  try {
    const limits = { signal, timeoutMs: seconds * 1_000, memoryMb: MEMORY_MB };
    return await runIsolated<typeof input, string>(PROGRAM, 'markdownHtml', input, limits);
  } catch (cause) {
    signal.throwIfAborted();
    // A kill from outside is, most likely, the kernel's for want of memory: another attempt may do.
    const tooMuch = cause instanceof IsolateTimedOut || (cause instanceof ChildDied && cause.signal !== 'SIGKILL');
    if (!tooMuch) throw cause;
    const detail = `The Markdown takes more than ${seconds} s or ${MEMORY_MB} MB to be read. Make it shorter, or look for rows of open brackets.`;
    throw new Rejected('document_failed', detail, { cause });
  }
}

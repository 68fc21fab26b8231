import { Rejected } from '@tandem/messaging/outcome';
import type { Bounds, ProcessEnd } from './run-bounded.js';

const SIMPLER = 'Make the document smaller, or take fewer pages at once.';

/**
 * What to throw for a run of qpdf that failed. Its own words are not passed on: they may quote the document. `what` begins the
 * sentence: which document it was.
 */
export function explainQpdf(end: ProcessEnd, { memoryMb, seconds, fileMb }: Bounds, what: string): Error {
  const { code, signal, stderr, stopped } = end;
  if (stopped === 'time' || signal === 'SIGXCPU')
    return new Rejected('timeout', `${what} takes more than ${seconds} s. ${SIMPLER}`);
  if (stopped === 'output') return new Rejected('document_failed', `${what} has too many pages. ${SIMPLER}`);
  if (signal === 'SIGXFSZ' || /file too large/i.test(stderr))
    return new Rejected('payload_too_large', `${what} becomes larger than ${fileMb} MB. ${SIMPLER}`);
  if (/bad_alloc|cannot allocate|out of memory/i.test(stderr) || signal === 'SIGABRT')
    return new Rejected('document_failed', `${what} needs more than ${memoryMb} MB of memory. ${SIMPLER}`);
  if (signal === 'SIGSEGV' || signal === 'SIGBUS')
    return new Rejected('document_unreadable', `${what} nests too deeply, or is built to harm. ${ANEW}`);
  // Most likely the kernel, for want of memory, or an operator: another attempt may do.
  if (signal) return new Error(`qpdf was ended by ${signal}.`);
  if (/no space left|ENOSPC|cannot open .* for writing/i.test(stderr))
    return new Error('qpdf could not write its result.');
  if (code === 2) return explainDocument(stderr, what);
  return new Error(`qpdf ended with code ${code}.`);
}

const ANEW = 'Open it in a viewer, print it to a new PDF and send that.';

function explainDocument(stderr: string, what: string): Error {
  if (/unsupported encryption|security handler|encryption dictionary|crypt filter/i.test(stderr))
    return new Rejected(
      'document_unreadable',
      `${what} is encrypted in a way that is not supported, such as by certificate. Remove its encryption where you can open it.`,
    );
  return new Rejected('document_unreadable', `${what} is damaged beyond repair. ${ANEW}`);
}

import { Rejected } from '@tandem/messaging/outcome';
import { LiquidError } from 'liquidjs';
import { WorkLimitExceeded } from './work-limit.js';

/** Milliseconds of processor time that the Liquid of one part of a template may take. */
export const RENDER_MS = 2_000;
/** Characters and list items that filters and ranges of one part may make. */
export const MEMORY_UNITS = 50_000_000;
/** Characters that one part may write. */
export const MOST_CHARACTERS = 20_000_000;

/** Names of the parts that are no partials; no partial can be called so. */
export const PARTS = { html: ':html', header: ':header', footer: ':footer', layout: ':layout' } as const;

/** What went wrong in the Liquid of a template, with the place, for the person who writes it. */
export function templateFault(error: unknown, part: string): unknown {
  if (error instanceof Rejected) return error;
  const token = LiquidError.is(error) ? error.token : undefined;
  const cause = causeOf(error);
  const reason = reasonOf(cause);
  if (reason === undefined) return error;
  const place = token ? placeOf(token.file ?? part, token.getPosition() as [number, number]) : placeOf(part);
  return new Rejected('document_failed', `The template fails in ${place}: ${reason}`, { cause: error });
}

/** A template that writes more than a document may hold. */
export function tooMuchText(part: string): Rejected {
  const most = MOST_CHARACTERS / 1_000_000;
  const detail = `The template fails in ${placeOf(part)}: it writes more than ${most} million characters. Use less data, or fewer loops in loops.`;
  return new Rejected('document_failed', detail);
}

function placeOf(file: string, position?: [number, number]): string {
  const name = file.startsWith(':') ? file.slice(1) : `the partial "${file}"`;
  return position ? `${name}, line ${position[0]}, column ${position[1]}` : name;
}

function causeOf(error: unknown): unknown {
  let cause = error;
  while (LiquidError.is(cause) && cause.originalError) cause = cause.originalError;
  return cause;
}

/** Undefined for what a template cannot be to blame for. */
function reasonOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const message = cause.message.replace(/, (?:file:[^,]*, )?line:\d+, col:\d+$/, '');
  if (cause instanceof WorkLimitExceeded)
    return `it takes more than ${RENDER_MS / 1_000} s. Use less data, or fewer loops in loops.`;
  if (message === 'memory alloc limit exceeded') return 'it makes too much text or too long lists. Use less data.';
  if (message === 'parse length limit exceeded') return 'it is too long.';
  // V8 words both so: a string of more than 512 MB, and a partial within itself without end.
  if (cause instanceof RangeError && message.includes('string length')) return 'it writes too much text.';
  if (cause instanceof RangeError && message.includes('call stack'))
    return 'it is nested too deeply. Does a partial render itself without end?';
  const partial = /^ENOENT: Failed to lookup "([^"]*)"/.exec(message)?.[1];
  if (partial !== undefined) return `there is no partial "${partial}".`;
  const filter = /^undefined filter: (.*)$/.exec(message)?.[1];
  if (filter !== undefined) return `there is no filter "${filter}".`;
  return message.endsWith('.') ? message : `${message}.`;
}

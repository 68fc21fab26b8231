import { shown } from './decimal.js';
import { KeptFormats } from './kept-formats.js';

const STYLES: Record<string, Intl.DateTimeFormatOptions> = {
  short: { dateStyle: 'short' },
  medium: { dateStyle: 'medium' },
  long: { dateStyle: 'long' },
  full: { dateStyle: 'full' },
  month: { month: 'long', year: 'numeric' },
  day: { day: 'numeric', month: 'long' },
  weekday: { weekday: 'long' },
  year: { year: 'numeric' },
  time: { timeStyle: 'short' },
  datetime: { dateStyle: 'long', timeStyle: 'short' },
};

const formats = new KeptFormats<Intl.DateTimeFormat>();
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * An ISO 8601 date or time in words of a language. A date without time is that day everywhere: no time zone moves it. A time
 * without offset is what it says; one with an offset is told in `timeZone`. Throws an `Error` that names the filter.
 */
export function formatDate(value: unknown, style: unknown, locale: string, timeZone: string): string {
  const options = typeof style === 'string' && Object.hasOwn(STYLES, style) ? STYLES[style] : undefined;
  if (!options) throw new Error(`date: ${shown(style)} is no style; use ${Object.keys(STYLES).join(', ')}.`);
  const { instant, zoned } = readIso(value);
  const zone = zoned ? timeZone : 'UTC';
  const format = formats.get(`${locale} ${zone} ${style}`, () => {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
  });
  return format.format(instant).replaceAll('\u202f', '\u00a0');
}

function readIso(value: unknown): { instant: Date; zoned: boolean } {
  const [, day, time, offset] = (typeof value === 'string' && ISO.exec(value.trim())) || [];
  const instant = new Date(`${day}T${time ?? '00:00'}${offset ?? 'Z'}`);
  // `new Date` takes the 30th of February for the 2nd of March.
  const exists = day !== undefined && new Date(`${day}T00:00Z`).toJSON()?.startsWith(day);
  if (!exists || Number.isNaN(instant.getTime()))
    throw new Error(
      `date: needs a date as ISO 8601 writes it, such as 2026-11-21 or 2026-11-21T09:30:00Z, not ${shown(value)}.`,
    );
  return { instant, zoned: offset !== undefined };
}

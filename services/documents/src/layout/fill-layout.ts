import { Rejected } from '@tandem/messaging/outcome';
import { Context, type FilterImplOptions, type Template } from 'liquidjs';
import { LRUCache } from 'lru-cache';
import { liquidOf } from '../templates/compile-template.js';
import { stateFor } from '../templates/fill-texts.js';
import { globalsOf } from '../templates/filters/fill-state.js';
import { filters } from '../templates/filters/filters.js';
import { MOST_CHARACTERS, PARTS, templateFault, tooMuchText } from '../templates/template-faults.js';
import type { LayoutPaper } from './layout-paper.js';

/** The texts of a template's layout. */
export interface LayoutTexts {
  layout: string;
  partials: Record<string, string>;
  locales: Record<string, Record<string, string>>;
}

/** What a layout is filled with. */
export interface LayoutTask {
  /** Names the texts: equal ones are read once. */
  key: string;
  texts: LayoutTexts;
  data: unknown;
  locale: string | undefined;
  timeZone: string | undefined;
  /** What the layout sees as `page`. */
  page: LayoutPaper;
}

type Compiled = { liquid: ReturnType<typeof liquidOf>; template: Template[] };

const compiled = new LRUCache<string, Compiled>({ max: 100 });

/** Packages come from a host of Typst's. */
const PACKAGE = /["']@[a-z]+\//;

/** The Typst that a layout makes of data. Throws `Rejected` as `fillTexts` does. */
export function fillLayout({ key, texts, data, page, ...options }: LayoutTask): { source: string; warnings: string[] } {
  const { liquid, template } = compiled.get(key) ?? compile(key, texts);
  const warnings = new Set<string>();
  const state = stateFor(texts, options, warnings);
  const globals = { ...globalsOf(data, state), page };
  const context = new Context({}, liquid.options, { sync: true, globals }, { liquid });
  try {
    const source: string = liquid.renderSync(template, context);
    if (source.length > MOST_CHARACTERS) throw tooMuchText(PARTS.layout);
    return { source, warnings: [...warnings] };
  } catch (error) {
    throw templateFault(error, PARTS.layout);
  }
}

function compile(key: string, { layout, partials }: LayoutTexts): Compiled {
  if ([layout, ...Object.values(partials)].some((text) => PACKAGE.test(text))) {
    const detail =
      'The layout of the template imports a package. Layouts reach no other host: put what you need into a partial.';
    throw new Rejected('document_failed', detail);
  }
  const liquid = liquidOf(partials, { escape: typstString, filters: PLAIN });
  try {
    const template = liquid.parse(layout, PARTS.layout);
    compiled.set(key, { liquid, template });
    return { liquid, template };
  } catch (error) {
    throw templateFault(error, PARTS.layout);
  }
}

/** Whatever it is, a string of Typst: data can never become code. Ends of lines are spaces, as in HTML. */
function typstString(value: unknown): string {
  return `"${textOf(value)
    .replace(/[\\"]/g, '\\$&')
    .replace(/[\r\n]+/g, ' ')}"`;
}

/** Content of Typst. */
function withLineBreaks(value: unknown): string {
  return `(${textOf(value).split(/\r?\n/).map(typstString).join(' + linebreak() + ')})`;
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

/** What makes HTML of a value gives the value itself here, and nothing goes out unescaped but by `raw`. */
const PLAIN: Record<string, FilterImplOptions> = {
  ...Object.fromEntries(
    Object.entries(filters).map(([name, filter]) => [
      name,
      typeof filter === 'object' && 'handler' in filter ? { ...filter, raw: false } : filter,
    ]),
  ),
  escape: (value: unknown) => value,
  newline_to_br: { handler: withLineBreaks, raw: true },
};

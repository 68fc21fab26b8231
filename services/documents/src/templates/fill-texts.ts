/**
 * Fills the Liquid of a template. It runs in a process of its own (`template-filler.ts`), which a template that never ends can take
 * down with it, and nothing else; tests call it directly.
 */
import { Rejected } from '@tandem/messaging/outcome';
import { Context } from 'liquidjs';
import { LRUCache } from 'lru-cache';
import { type CompiledTemplate, compileTemplate, type TemplateTexts } from './compile-template.js';
import { type FillState, globalsOf } from './filters/fill-state.js';
import { htmlPage } from './html-page.js';
import { MOST_CHARACTERS, PARTS, RENDER_MS, templateFault, tooMuchText } from './template-faults.js';
import type { TemplatePage } from './template-page.js';
import { languageOf, textsFor } from './texts.js';
import { WorkLimit } from './work-limit.js';

/** What is filled, and how. */
export interface FillTask {
  /** Names the texts: equal ones are compiled once. */
  key: string;
  texts: TemplateTexts;
  data: unknown;
  locale: string | undefined;
  timeZone: string | undefined;
  /** What it sees as `page`. */
  page: TemplatePage | undefined;
}

/** What a template wrote. */
export interface FilledTexts {
  html: string;
  header: string | undefined;
  footer: string | undefined;
  warnings: string[];
}

const MOST_WARNINGS = 20;
/** Compiled templates, by the characters of their texts: reading one takes longer than filling it. */
const compiled = new LRUCache<string, CompiledTemplate>({ maxSize: 5_000_000 });

/** Throws `Rejected`: `document_failed` for what the template is to blame for, `invalid_input` for an unknown locale or zone. */
export function fillTexts(task: FillTask): FilledTexts {
  const { key, texts, data, page: paper, ...options } = task;
  const template = compiled.get(key) ?? compile(key, texts);
  const warnings = new Set<string>();
  const state = stateFor(texts, options, warnings);
  const globals = { ...globalsOf(data, state), page: paper };
  const page = fillPart(template, 'html', globals)!;
  const header = fillPart(template, 'header', globals)?.text;
  const footer = fillPart(template, 'footer', globals)?.text;
  const title = page.title ?? state.texts.find('title')?.text;
  const html = htmlPage(page.text, { locale: state.locale, title, css: texts.css });
  return { html, header, footer, warnings: [...warnings] };
}

function compile(key: string, texts: TemplateTexts): CompiledTemplate {
  const template = compileTemplate(texts);
  const { html, header = '', footer = '', partials } = texts;
  const size = [html, header, footer, ...Object.values(partials)].reduce((sum, text) => sum + text.length, 1);
  compiled.set(key, template, { size });
  return template;
}

function fillPart({ liquid, parts }: CompiledTemplate, part: 'html' | 'header' | 'footer', globals: object) {
  const template = parts[part];
  if (!template) return undefined;
  const renderLimit = new WorkLimit(RENDER_MS) as unknown as Context['renderLimit'];
  const context = new Context({}, liquid.options, { sync: true, globals }, { liquid, renderLimit });
  try {
    const text: string = liquid.renderSync(template, context);
    if (text.length > MOST_CHARACTERS) throw tooMuchText(PARTS[part]);
    return { text, title: titleOf(context) };
  } catch (error) {
    throw templateFault(error, PARTS[part]);
  }
}

/** What the template assigned to `title`, without the markup of its escapes. */
function titleOf(context: Context): string | undefined {
  const title: unknown = context.getSync(['title']);
  return typeof title === 'string' && title.trim() ? title.trim() : undefined;
}

/** What filters know of a fill. Throws `Rejected` `invalid_input` for a locale or a time zone that is none. */
export function stateFor(
  { locales }: Pick<TemplateTexts, 'locales'>,
  options: Pick<FillTask, 'locale' | 'timeZone'>,
  warnings: Set<string>,
): FillState {
  const locale = options.locale ?? Object.keys(locales)[0] ?? 'en';
  const texts = textsFor(locales, locale);
  const warn = (message: string) => {
    if (warnings.size < MOST_WARNINGS) warnings.add(message);
  };
  checkLocale(locale);
  if (options.timeZone) checkTimeZone(options.timeZone);
  if (texts.locale && languageOf(texts.locale) !== languageOf(locale))
    warn(`The template has no texts in "${locale}"; those in "${texts.locale}" are used.`);
  return { locale, timeZone: options.timeZone ?? 'UTC', texts, warn };
}

function checkLocale(locale: string): void {
  try {
    new Intl.Locale(locale);
  } catch (cause) {
    throw new Rejected('invalid_input', `The locale "${locale}" is none; use one such as fr-FR.`, { cause });
  }
}

function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch (cause) {
    const detail = `The time zone "${timeZone}" is not known; use one of IANA, such as Africa/Dakar.`;
    throw new Rejected('invalid_input', detail, { cause });
  }
}

import type { TemplateBundle } from '@tandem/contracts/template';
import { liquidOptions } from '@tandem/templates/check-liquid';
import './sync-liquid.js';
import { closeTags } from '@tandem/templates/closed-tags';
import { type FilterImplOptions, Liquid, type Template } from 'liquidjs';
import { filters } from './filters/filters.js';
import { MEMORY_UNITS, PARTS, templateFault } from './template-faults.js';

/** The Liquid of a template, and its style; a part of it may be absent. */
export type TemplateTexts = Pick<TemplateBundle, 'html' | 'header' | 'footer' | 'css' | 'partials' | 'locales'>;

/** A template whose Liquid was read. */
export interface CompiledTemplate {
  liquid: Liquid;
  parts: Record<'html' | 'header' | 'footer', Template[] | undefined>;
}

/** How what a template writes becomes part of its text: for HTML or another language. */
export interface Writing {
  /** Makes any value harmless on its way out. */
  escape: 'escape' | ((value: unknown) => string);
  filters: Record<string, FilterImplOptions>;
}

const HTML: Writing = { escape: 'escape', filters };

/** Liquid that reaches nothing but its own partials: no file, no network, no property that is not the data's own. */
export function liquidOf(partials: TemplateBundle['partials'], writing: Writing = HTML): Liquid {
  const liquid = new Liquid({
    ...liquidOptions({ partials }),
    // Without a prototype, so that no partial is called `constructor`.
    templates: Object.assign(Object.create(null), partials),
    catchAllErrors: false,
    cache: true,
    ownPropertyOnly: true,
    outputEscape: writing.escape,
    memoryLimit: MEMORY_UNITS,
  });
  closeTags(liquid);
  for (const [name, filter] of Object.entries(writing.filters)) liquid.registerFilter(name, filter);
  return liquid;
}

/** Reads the Liquid of a template. Throws `Rejected` `document_failed` with the place of a mistake. */
export function compileTemplate({ partials, ...texts }: TemplateTexts): CompiledTemplate {
  const liquid = liquidOf(partials);
  const read = (part: keyof TemplateTexts & keyof typeof PARTS) => {
    const text = texts[part];
    if (text === undefined) return undefined;
    try {
      return liquid.parse(text, PARTS[part]);
    } catch (error) {
      throw templateFault(error, PARTS[part]);
    }
  };
  return { liquid, parts: { html: read('html'), header: read('header'), footer: read('footer') } };
}

import type { TemplateBundle } from '@tandem/contracts/template';
import { liquidOptions } from '@tandem/templates/check-liquid';
import { closeTags } from '@tandem/templates/closed-tags';
import { Liquid, type Template } from 'liquidjs';
import { filters } from './filters/filters.js';
import { MEMORY_UNITS, PARTS, templateFault } from './template-faults.js';

/** The Liquid of a template; a part of it may be absent. */
export type TemplateTexts = Pick<TemplateBundle, 'html' | 'header' | 'footer' | 'partials' | 'locales'>;

/** A template whose Liquid was read. */
export interface CompiledTemplate {
  liquid: Liquid;
  parts: Record<keyof typeof PARTS, Template[] | undefined>;
}

/**
 * Reads the Liquid of a template. It reaches nothing but its own partials: no file, no network, no property that is not the data's
 * own. Throws `Rejected` `document_failed` with the place of a mistake.
 */
export function compileTemplate({ partials, ...texts }: TemplateTexts): CompiledTemplate {
  const liquid = new Liquid({
    ...liquidOptions({ partials }),
    // Without a prototype, so that no partial is called `constructor`.
    templates: Object.assign(Object.create(null), partials),
    catchAllErrors: false,
    cache: true,
    ownPropertyOnly: true,
    outputEscape: 'escape',
    memoryLimit: MEMORY_UNITS,
  });
  closeTags(liquid);
  for (const [name, filter] of Object.entries(filters)) liquid.registerFilter(name, filter);
  const read = (part: keyof typeof PARTS) => {
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

import { TemplateBundle } from '@tandem/contracts/template';
import type { z } from 'zod';
import { type FillOptions, fillTemplate } from './fill-template.js';

/** A template that is only what is named here. */
export function bundleOf(parts: z.input<typeof TemplateBundle>): TemplateBundle {
  return TemplateBundle.parse(parts);
}

/** What a template writes between the tags of the body. */
export function textOf(bundle: TemplateBundle, data: unknown, options: FillOptions = {}): string {
  return bodyOf(fillTemplate(bundle, data, options).html);
}

/** What stands in the body that a template without one of its own gets. */
export function bodyOf(html: string): string {
  return /<body>\n([\s\S]*)\n<\/body>/.exec(html)![1]!;
}

import type { TemplateBundle } from '@tandem/contracts/template';
import { Rejected } from '@tandem/messaging/outcome';
import type { TemplateSource } from './template-source.js';

/** A source without templates. */
export class NoTemplates implements TemplateSource {
  async get(_tenant: string, template: string): Promise<TemplateBundle> {
    throw new Rejected('not_found', `There is no template ${template}.`);
  }
}

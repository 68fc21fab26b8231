import type { TemplateBundle } from '@tandem/contracts/template';
import { checkLiquid } from './check-liquid.js';
import { compileSchema, SchemaRefused } from './compile-schema.js';
import type { TemplateFault } from './template-fault.js';
import { TookTooLong } from './time-limit.js';

/** What keeps a template from being used: its Liquid, its JSON Schema, or a sample that does not fit that. */
export function checkTemplate(bundle: TemplateBundle): TemplateFault[] {
  return [...checkLiquid(bundle), ...checkSchemaAndSample(bundle)];
}

function checkSchemaAndSample({ schema, sample }: TemplateBundle): TemplateFault[] {
  try {
    const check = compileSchema(schema);
    if (sample === undefined) return [];
    return check(sample).map(({ pointer, detail }) => ({ pointer: `/sample${pointer}`, detail }));
  } catch (error) {
    if (error instanceof TookTooLong)
      return [{ pointer: '/schema', detail: 'takes too long to check the sample by; make it simpler' }];
    if (!(error instanceof SchemaRefused)) throw error;
    return error.faults.map((fault) => ({ ...fault, pointer: `/schema${fault.pointer}` }));
  }
}

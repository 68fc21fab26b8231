import { TemplateBundle, TemplateName } from '@tandem/contracts/template';
import { z } from 'zod';
import { Problem } from '../http/problem.js';

/** What stands in the table where a tenant would. */
export const SHARED_TENANT = '';
const SHARED = 'shared/';

/** One version of a template, without its texts. It never changes. */
export interface Template {
  name: string;
  version: number;
  /** `shared` ones are the operator's (TEMPLATES_DIR) and serve every tenant. */
  source: 'tenant' | 'shared';
  sha256: string;
  /** Bytes of its JSON. */
  size: number;
  schema: Record<string, unknown>;
  createdAt: Date;
}

const summary = {
  name: z.string().meta({ example: 'quote' }),
  version: z.int(),
  reference: z.string().meta({ description: 'Exactly this version', example: 'quote@3' }),
  source: z.enum(['tenant', 'shared']).meta({ description: 'shared: the operator’s, for every tenant' }),
  sha256: z.string(),
  size: z.int().meta({ description: 'Bytes of its JSON' }),
  createdAt: z.iso.datetime(),
};
/** A template in a list. */
export const TemplateSummary = z.object(summary).meta({ id: 'TemplateSummary' });
export type TemplateSummary = z.infer<typeof TemplateSummary>;
/** A template by itself. */
export const TemplateView = z
  .object({
    ...summary,
    schema: TemplateBundle.shape.schema.meta({ description: 'JSON Schema of its data' }),
    sample: z.json().optional().meta({ description: 'Data that shows it' }),
    bundle: TemplateBundle.optional().meta({ description: 'All of it, with ?bundle=true' }),
  })
  .meta({ id: 'Template' });
export type TemplateView = z.infer<typeof TemplateView>;

export function templateSummary({ schema: _schema, createdAt, ...template }: Template): TemplateSummary {
  return { ...template, reference: referenceOf(template), createdAt: createdAt.toISOString() };
}

/** `quote@3`, or `shared/quote@3`: exactly this version, whatever else there is. */
export function referenceOf({ name, version, source }: Pick<Template, 'name' | 'version' | 'source'>): string {
  return `${source === 'shared' ? SHARED : ''}${name}@${version}`;
}

/** The ETag of a template: its reference. */
export function etagOf(template: Pick<Template, 'name' | 'version' | 'source'>): string {
  return `"${referenceOf(template)}"`;
}

/** Takes `quote`, `quote@3` or `shared/quote@3` apart; undefined for what can be no template. */
export function parseReference(reference: string): { name: string; version?: number; sharedOnly: boolean } | undefined {
  if (!TemplateName.safeParse(reference).success) return undefined;
  const sharedOnly = reference.startsWith(SHARED);
  const [name = '', version] = reference.slice(sharedOnly ? SHARED.length : 0).split('@');
  return { name, version: version === undefined ? undefined : Number(version), sharedOnly };
}

export function noTemplate(reference: string): Problem {
  // The reference may be anything that fits into a URL.
  const shown = TemplateName.safeParse(reference).success ? ` ${reference}` : ' of that name';
  return new Problem('not_found', `There is no template${shown}. GET /v1/templates lists what there is.`);
}

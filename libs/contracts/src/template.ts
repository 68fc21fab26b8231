import { z } from 'zod';
import { PdfOptions } from './page-options.js';
import { defineQuery } from './query.js';

/** A template by name: `quote`, `quote@3`, or `shared/quote` for the operator's where a tenant has one of that name. */
export const TemplateName = z
  .string()
  .regex(
    /^(?:shared\/)?[a-z0-9][a-z0-9_-]{0,63}(?:@[1-9][0-9]{0,5})?$/,
    'must be the name of a template, such as quote, quote@3 or shared/quote',
  );

const Liquid = z.string().max(300_000);
/** Relative, without `.` and `..`, as the templates write it. */
const AssetPath = z
  .string()
  .max(200)
  .regex(
    /^(?!.*(?:^|\/)\.\.?(?:\/|$))[\w][\w.@/-]*$/,
    'must be a relative path of letters, digits, "-", "_", "." and "/"',
  );

/** Most bytes of a template as JSON, its assets included. */
export const MAX_TEMPLATE_BYTES = 6_000_000;

/**
 * One version of a template: all that is needed to make a document from data. Texts are Liquid; they see the data as `data`,
 * and have no access to files, network or code.
 */
export const TemplateBundle = z.strictObject({
  html: Liquid.min(1).meta({ description: 'Liquid; sees `data`, `locale` and `t`' }),
  css: Liquid.optional().meta({ description: 'Plain CSS, linked into the page before its own styles' }),
  header: Liquid.optional().meta({ description: 'Liquid; above every page' }),
  footer: Liquid.optional(),
  layout: Liquid.optional().meta({
    description:
      'Typst, written by Liquid: makes PDFs without a browser, several times faster. Values come as strings of Typst: #{{ data.number }}',
  }),
  partials: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/), Liquid)
    .default({})
    .meta({ description: 'Liquid, by name: {% render "totals" %}' }),
  locales: z
    .record(z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/), z.record(z.string().max(100), z.string().max(2_000)))
    .default({})
    .meta({ description: 'Texts by language and key: {{ "total" | t }}. The first is the default' }),
  assets: z
    .record(AssetPath, z.strictObject({ type: z.string().max(100), base64: z.base64() }))
    .default({})
    .meta({ description: 'Images and fonts by the path that the template uses' }),
  schema: z
    .record(z.string(), z.json())
    .default({})
    .meta({ description: 'JSON Schema (2020-12) of the data; what does not fit is refused with 422' }),
  sample: z.json().optional().meta({ description: 'Data that shows the template; for previews' }),
  pdf: PdfOptions.omit({ header: true, footer: true }).default({}).meta({ description: 'Options of the page' }),
});
export type TemplateBundle = z.infer<typeof TemplateBundle>;

/**
 * Fetches one version of a template from the gateway: the body of the answer is the {@link TemplateBundle} as JSON. A version
 * never changes, so answers may be kept. `template` is exact, as it stands in an admitted job: `quote@3`, `shared/quote@2`.
 */
export const GetTemplate = defineQuery('gateway.template', {
  summary: 'Fetch one version of a template',
  input: z.object({ tenant: z.string(), template: TemplateName }),
  output: z.object({ sha256: z.string() }),
  timeout: '10s',
});

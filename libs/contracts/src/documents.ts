import { z } from 'zod';
import { defineCommand } from './command.js';
import { DocumentAssets, DocumentSource, documentFile, documentObjects } from './document-source.js';
import { ResultStore, storedFile } from './file-source.js';
import { StoredObject } from './object.js';
import { LoadOptions, PdfOptions, ScreenshotOptions } from './page-options.js';
import { defineQuery } from './query.js';
import { TemplateBundle } from './template.js';

export const DocumentFormat = z.enum(['pdf', 'png', 'jpeg', 'webp']);
export type DocumentFormat = z.infer<typeof DocumentFormat>;

/** Name of the one file that a rendering makes. */
export const DOCUMENT = 'document';

const FailedResource = z.object({
  url: z.string().meta({ description: 'Without its query' }),
  reason: z.string().meta({ example: 'the host answered 404' }),
});

/** What is told of a rendering beside its file. */
const renderReport = {
  pages: z.int().optional().meta({ description: 'Of a PDF' }),
  width: z.int().optional().meta({ description: 'Of an image, in pixels' }),
  height: z.int().optional(),
  engine: z.enum(['browser', 'layout']).meta({ description: 'layout: without a browser' }),
  fonts: z.array(z.string()).meta({ description: 'Families that were used, of a PDF' }),
  failedResources: z.array(FailedResource).max(100).meta({ description: 'What could not be loaded' }),
  consoleErrors: z.array(z.string()).max(50),
  warnings: z.array(z.string()).max(50).meta({ description: 'What is probably not as you meant it' }),
};
/** What is told of a rendering beside its file. */
export const RenderReport = z.object(renderReport);
export type RenderReport = z.infer<typeof RenderReport>;

const render = {
  source: DocumentSource,
  data: z.record(z.string(), z.json()).optional().meta({ description: 'For `template`, by its JSON Schema' }),
  assets: DocumentAssets.optional().meta({
    description: 'Objects by the path that the document uses: {"style.css": "<object id>"}',
  }),
  format: DocumentFormat.default('pdf'),
  pdf: PdfOptions.optional(),
  screenshot: ScreenshotOptions.optional(),
  load: LoadOptions.optional(),
  engine: z.enum(['auto', 'browser', 'layout']).default('auto').meta({
    description:
      'auto: the layout of the template where it has one and the options suit it (no browser, faster), else the browser',
  }),
};

export const RenderDocument = defineCommand('documents.render', {
  summary: 'Make a PDF or an image from a template, HTML, Markdown or a URL',
  input: z
    .strictObject({ ...render, store: ResultStore.optional() })
    .superRefine(({ source, data, format, pdf, screenshot, load, engine }, ctx) => {
      const refuse = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message });
      if (data && !source.template) refuse(['data'], 'is for source.template only');
      if (screenshot && format === 'pdf') refuse(['screenshot'], 'is for images; set format to png, jpeg or webp');
      if (pdf?.accessible && pdf.tagged === false)
        refuse(['pdf', 'tagged'], 'must not be false with pdf.accessible, which rests upon tags');
      if (pdf && format !== 'pdf') refuse(['pdf'], 'is for format pdf');
      if (screenshot?.transparent && format === 'jpeg')
        refuse(['screenshot', 'transparent'], 'JPEG has no transparency');
      if (engine === 'layout' && !(source.template && format === 'pdf'))
        refuse(['engine'], 'layout is for source.template and format pdf');
      if (source.template && load?.javascript) refuse(['load', 'javascript'], 'templates have no scripts');
      if (load?.headers && !source.url) refuse(['load', 'headers'], 'are for source.url only');
      if (load?.cookies && !source.url) refuse(['load', 'cookies'], 'are for source.url only');
      if (load?.onErrorStatus && !source.url) refuse(['load', 'onErrorStatus'], 'is for source.url only');
      if (load?.waitFor?.expression && !source.url && !load.javascript)
        refuse(['load', 'waitFor', 'expression'], 'needs load.javascript: true');
    }),
  output: z.object({ document: StoredObject, ...renderReport }),
  timeout: '120s',
  attempts: 5,
  scope: 'documents:write',
  reads: ({ source, assets }) => documentObjects(source, assets),
  supabaseReads: ({ source }) => documentFile(source),
  supabaseWrites: ({ store, format }) => (store ? [storedFile(store, DOCUMENT, format)] : []),
  produces: ({ document }) => [document],
  templates: {
    named: ({ source, data }) => (source.template ? { template: source.template, data: data ?? {} } : undefined),
    at: { template: '/source/template', data: '/data' },
    fill: (input, template) => ({ ...input, source: { template } }),
  },
});

/** One document, made from a template while somebody waits for it; the body of the answer is the file. */
export const PreviewTemplate = defineQuery('documents.preview', {
  summary: 'Show what a template makes of data, while the caller waits',
  input: z.object({
    tenant: z.string(),
    template: TemplateBundle,
    data: z.json(),
    locale: z.string().optional(),
    /** `html` is what the template writes, before it is laid out. */
    format: z.enum(['pdf', 'png', 'html']),
    /** auto: by the layout, where the template has one. */
    engine: z.enum(['auto', 'browser']).default('auto'),
    /** Of a PNG, from 1. */
    page: z.int().min(1).default(1),
  }),
  output: z.object({ type: z.string(), pages: z.int().optional(), warnings: z.array(z.string()) }),
  timeout: '30s',
});

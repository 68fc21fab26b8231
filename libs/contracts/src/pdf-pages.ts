import { z } from 'zod';
import { defineCommand } from './command.js';
import { ResultStore, sourceFile, sourceObject, storedFile } from './file-source.js';
import { StoredObject } from './object.js';
import { PageRanges } from './page-options.js';
import { closedPages } from './page-ranges.js';
import { AttachedFile, PDF_TYPES, PdfResult, PdfSource } from './pdf-files.js';
import { Stamp, StampNumbers, Watermark, watermarkObjects } from './pdf-marks.js';
import { MetadataChanges, PdfMetadata } from './pdf-metadata.js';

const limits = { timeout: '120s', attempts: 5 } as const;

const oneSource = {
  reads: ({ source }: { source: PdfSource }) => sourceObject(source, PDF_TYPES),
  supabaseReads: ({ source }: { source: PdfSource }) => sourceFile(source),
};

/** What a changed PDF is called, and where it is stored. */
function oneResult(name: string) {
  return {
    scope: 'documents:write',
    supabaseWrites: ({ store }: { store?: ResultStore }) => (store ? [storedFile(store, name, 'pdf')] : []),
    produces: ({ document }: { document?: StoredObject }) => (document ? [document] : []),
  };
}

const store = ResultStore.optional();
const warnings = z.array(z.string()).meta({
  description: 'What is probably not as you meant it, such as a signature that holds no more',
});

export const WatermarkPdf = defineCommand('documents.watermark', {
  summary: 'Lay a text, an image or a page over or under the pages of a PDF file',
  input: z.strictObject({
    source: PdfSource,
    watermark: Watermark,
    pages: PageRanges.optional().meta({ description: 'Pages that get it; all by default' }),
    store,
  }),
  output: z.object({ document: PdfResult, warnings }),
  ...limits,
  ...oneSource,
  ...oneResult('watermarked'),
  reads: ({ source, watermark }) => [...sourceObject(source, PDF_TYPES), ...watermarkObjects(watermark)],
});

export const StampPdf = defineCommand('documents.stamp', {
  summary: 'Write page numbers and other text on the pages of a PDF file',
  input: z.strictObject({
    source: PdfSource,
    stamps: z.array(Stamp).min(1).max(10),
    pages: PageRanges.optional().meta({ description: 'Pages that are stamped; all by default' }),
    ...StampNumbers.shape,
    store,
  }),
  output: z.object({ document: PdfResult, warnings }),
  ...limits,
  ...oneSource,
  ...oneResult('stamped'),
});

export const ChangePdfMetadata = defineCommand('documents.metadata', {
  summary: 'Read, set and remove title, author and other metadata of a PDF file',
  input: z.strictObject({
    source: PdfSource,
    changes: MetadataChanges.optional().meta({ description: 'Without changes the metadata is read, no more' }),
    store,
  }),
  output: z.object({
    metadata: PdfMetadata,
    document: PdfResult.optional().meta({ description: 'With the changes; absent when there were none' }),
    warnings,
  }),
  ...limits,
  ...oneSource,
  ...oneResult('document'),
  supabaseWrites: ({ store, changes }) => (store && changes ? [storedFile(store, 'document', 'pdf')] : []),
});

const Line = z.string().regex(/^\P{Cc}*$/u, 'must have no control characters');

/** A file that is put into a PDF. */
export const Attachment = z.strictObject({
  object: z.uuid().meta({ description: 'Id of an uploaded object' }),
  name: Line.min(1)
    .max(200)
    .regex(/^[^/\\:*?"<>|]+$/, 'must be the name of a file, without / \\ : * ? " < > |')
    .meta({ example: 'conditions.docx' }),
  description: Line.max(500).optional(),
  relationship: z
    .enum(['source', 'data', 'alternative', 'supplement', 'unspecified'])
    .default('unspecified')
    .meta({ description: 'What the file is to the document (AFRelationship)' }),
});
export type Attachment = z.infer<typeof Attachment>;

export const AttachToPdf = defineCommand('documents.attach', {
  summary: 'Put up to 20 files into a PDF file',
  input: z
    .strictObject({ source: PdfSource, attachments: z.array(Attachment).min(1).max(20), store })
    .refine(({ attachments }) => new Set(attachments.map(({ name }) => name)).size === attachments.length, {
      path: ['attachments'],
      message: 'every attachment needs a name of its own',
    }),
  output: z.object({
    document: PdfResult,
    attachments: z.array(AttachedFile).meta({ description: 'All that the document has now' }),
    warnings,
  }),
  ...limits,
  ...oneSource,
  ...oneResult('attached'),
  reads: ({ source, attachments }) => [
    ...sourceObject(source, PDF_TYPES),
    ...attachments.map(({ object }, index) => ({ id: object, pointer: `/attachments/${index}/object`, accepts: [''] })),
  ],
});

/** Most pages of one job that become images. */
export const MOST_PAGE_IMAGES = 200;

const Side = z.int().min(1).max(8_192);

/** What the image of a page is called. */
export function pageName(page: number): string {
  return `page-${page}`;
}

export const ThumbnailPdf = defineCommand('documents.thumbnail', {
  summary: 'Make images of up to 200 pages of a PDF file',
  input: z
    .strictObject({
      source: PdfSource,
      pages: PageRanges.default('1').meta({ description: 'Pages, in this order; the first by default' }),
      width: Side.optional().meta({ description: 'Pixels. With both width and height the image fits inside' }),
      height: Side.optional().meta({ description: 'Pixels' }),
      dpi: z.int().min(9).max(600).optional().meta({ description: 'Instead of width and height; 96 by default' }),
      format: z.enum(['png', 'jpeg', 'webp', 'avif']).default('webp'),
      quality: z.int().min(1).max(100).optional().meta({ description: 'jpeg and webp 85 by default, avif 60' }),
      transparent: z.boolean().default(false).meta({ description: 'No white behind the page; png, webp and avif' }),
      store,
    })
    .superRefine(({ width, height, dpi, format, quality, transparent, pages, store }, ctx) => {
      const refuse = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
      if (dpi && (width || height)) refuse('dpi', 'choose either dpi, or width and height');
      if (quality && format === 'png') refuse('quality', 'png has no quality: leave it out, or choose jpeg or webp');
      if (transparent && format === 'jpeg') refuse('transparent', 'JPEG has no transparency');
      if (store && !closedPages(pages)) refuse('pages', 'with store, ranges need an end: 2-5 instead of 2-');
    }),
  output: z.object({
    pages: z.int().meta({ description: 'Of the document' }),
    images: z.array(StoredObject.extend({ page: z.int(), width: z.int(), height: z.int() })),
  }),
  ...limits,
  ...oneSource,
  scope: 'documents:write',
  supabaseWrites: ({ store, pages, format }) =>
    store ? [...new Set(closedPages(pages))].map((page) => storedFile(store, pageName(page), format)) : [],
  produces: ({ images }) => images,
});

/** Most bytes of UTF-8 that a result holds beside its object. */
export const MOST_INLINE_TEXT = 100_000;

export const ExtractPdfText = defineCommand('documents.text', {
  summary: 'Extract the text of a PDF file',
  input: z.strictObject({
    source: PdfSource,
    pages: PageRanges.optional().meta({ description: 'Pages, in this order; all by default' }),
    layout: z
      .boolean()
      .default(false)
      .meta({ description: 'Keep columns and tables in place, by spaces, instead of the order of the file' }),
    store,
  }),
  output: z.object({
    text: StoredObject.meta({ description: 'UTF-8, with a form feed between pages' }),
    pages: z
      .array(z.object({ page: z.int(), text: z.string() }))
      .optional()
      .meta({ description: `The text of each page, where all of it has at most ${MOST_INLINE_TEXT} bytes` }),
    characters: z.int(),
    warnings,
  }),
  ...limits,
  ...oneSource,
  scope: 'documents:write',
  supabaseWrites: ({ store }) => (store ? [storedFile(store, 'text', 'plain')] : []),
  produces: ({ text }) => [text],
});

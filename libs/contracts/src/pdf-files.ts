import { z } from 'zod';
import { defineCommand } from './command.js';
import { FileSource, ResultStore, sourceFile, sourceObject, storedFile } from './file-source.js';
import { StoredObject } from './object.js';
import { PageRanges } from './page-options.js';

/** Media types of PDF files; one with bytes before its header is not recognised as PDF. */
export const PDF_TYPES = ['application/pdf', 'application/octet-stream'];

/** AES-256 takes 127 bytes of UTF-8 (ISO 32000-2, 7.6.4.3.3). */
const Password = z
  .string()
  .min(1)
  .regex(/^\P{Cc}+$/u, 'must have no control characters')
  .refine((password) => new TextEncoder().encode(password).length <= 127, { message: 'must have at most 127 bytes' });

const pdfSource = {
  ...FileSource.shape,
  password: Password.optional().meta({ description: 'With which the document opens, where it needs one' }),
};

/** Where a command finds a PDF file, and the password that opens it. */
export const PdfSource = z.strictObject(pdfSource).refine(hasOneSource, {
  message: 'name exactly one of object, url and supabase',
});
export type PdfSource = z.infer<typeof PdfSource>;

function hasOneSource({ object, url, supabase }: FileSource): boolean {
  return [object, url, supabase].filter((value) => value !== undefined).length === 1;
}

/** A finished PDF: an object that `GET /v1/objects/{id}` serves. */
export const PdfResult = StoredObject.extend({ pages: z.int().meta({ description: 'Number of pages' }) });
export type PdfResult = z.infer<typeof PdfResult>;

const FileName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits, "-" or "_"');

/** What the one result is called, and where it is stored. */
function oneResult(name: string) {
  return {
    supabaseWrites: ({ store }: { store?: ResultStore }) => (store ? [storedFile(store, name, 'pdf')] : []),
    produces: ({ document }: { document: StoredObject }) => [document],
  };
}

const oneSource = {
  reads: ({ source }: { source: PdfSource }) => sourceObject(source, PDF_TYPES),
  supabaseReads: ({ source }: { source: PdfSource }) => sourceFile(source),
};

const limits = { timeout: '120s', attempts: 5, scope: 'documents:write' } as const;

const store = ResultStore.optional();
const warnings = z.array(z.string()).meta({ description: 'What of the sources is lost' });

export const CompressPdf = defineCommand('documents.compress', {
  summary: 'Make a PDF file smaller',
  input: z.strictObject({
    source: PdfSource,
    images: z.boolean().default(false).meta({
      description:
        'Whether images that are stored without loss become JPEG where that is smaller; a visible change is possible',
    }),
    imageDpi: z.int().min(36).max(1_200).optional().meta({
      description: 'Images that are shown with more pixels for an inch get so many; 150 suits screens, 300 print',
      example: 150,
    }),
    linearize: z.boolean().default(false).meta({ description: 'Whether viewers can show it while it loads' }),
    store,
  }),
  output: z.object({
    document: PdfResult.meta({ description: 'The original where nothing could be saved' }),
    saved: z.object({ bytes: z.int(), percent: z.number() }),
    linearized: z.boolean(),
    resampled: z.int().meta({ description: 'Images with fewer pixels than before' }),
  }),
  ...limits,
  ...oneSource,
  ...oneResult('compressed'),
});

export const FlattenPdf = defineCommand('documents.flatten', {
  summary: 'Draw form fields and annotations into the pages of a PDF file',
  input: z.strictObject({ source: PdfSource, store }),
  output: z.object({ document: PdfResult }),
  ...limits,
  ...oneSource,
  ...oneResult('flattened'),
});

/** A file in a PDF. */
export const AttachedFile = z.object({ name: z.string(), size: z.int().optional() });

const MergedSource = z
  .strictObject({
    ...pdfSource,
    pages: PageRanges.optional().meta({ description: 'Pages that are taken, in this order; all by default' }),
    bookmark: z
      .string()
      .min(1)
      .max(200)
      .regex(/^\P{Cc}+$/u, 'must have no control characters')
      .optional()
      .meta({ description: 'Title of a bookmark on its first page; its own bookmarks come below', example: 'Annex A' }),
  })
  .refine(hasOneSource, { message: 'name exactly one of object, url and supabase' });

export const MergePdfs = defineCommand('documents.merge', {
  summary: 'Join 2 to 100 PDF files, or some of their pages, into one',
  input: z.strictObject({
    sources: z.array(MergedSource).min(2).max(100),
    outline: z.boolean().default(true).meta({ description: 'Whether bookmarks of the sources are kept' }),
    attachments: z.boolean().default(true).meta({
      description: 'Whether files that are attached to a source are kept, also where only some of its pages are taken',
    }),
    store,
  }),
  output: z.object({
    document: PdfResult,
    attachments: z.array(AttachedFile).meta({ description: 'All that the document has' }),
    warnings,
  }),
  ...limits,
  reads: ({ sources }) => sources.flatMap((source, index) => sourceObject(source, PDF_TYPES, `/sources/${index}`)),
  supabaseReads: ({ sources }) => sources.flatMap((source, index) => sourceFile(source, `/sources/${index}`)),
  ...oneResult('merged'),
});

export const PdfPermissions = z.strictObject({
  print: z.enum(['high', 'low', 'none']).default('high'),
  modify: z.boolean().default(true).meta({ description: 'Change the content' }),
  extract: z.boolean().default(true).meta({ description: 'Copy text and images' }),
  annotate: z.boolean().default(true).meta({ description: 'Comment' }),
  forms: z.boolean().default(true).meta({ description: 'Fill in forms' }),
  assemble: z.boolean().default(true).meta({ description: 'Insert, remove and turn pages' }),
  accessibility: z
    .boolean()
    .default(true)
    .meta({ description: 'Extract for screen readers; most viewers always allow it' }),
});
export type PdfPermissions = z.infer<typeof PdfPermissions>;

export const ProtectPdf = defineCommand('documents.protect', {
  summary: 'Encrypt a PDF file by AES-256, with passwords and permissions',
  input: z
    .strictObject({
      source: PdfSource,
      userPassword: Password.optional().meta({ description: 'Without it nobody opens the document' }),
      ownerPassword: Password.optional().meta({
        description: 'Gives every right; without one it is random, and nobody has it',
      }),
      permissions: PdfPermissions.optional().meta({
        description:
          'What those may do who lack the owner password; all by default. Viewers honour it, nothing enforces it',
      }),
      store,
    })
    .superRefine(({ userPassword, ownerPassword, permissions }, ctx) => {
      const refuse = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
      if (!userPassword && !ownerPassword && !permissions)
        refuse('userPassword', 'give a userPassword, an ownerPassword or permissions');
      if (ownerPassword && userPassword === ownerPassword)
        refuse('ownerPassword', 'must differ from userPassword, or everybody has every right');
    }),
  output: z.object({ document: PdfResult }),
  ...limits,
  ...oneSource,
  ...oneResult('protected'),
});

export const RotatePdf = defineCommand('documents.rotate', {
  summary: 'Turn pages of a PDF file',
  input: z
    .strictObject({
      source: PdfSource,
      angle: z.literal([0, 90, 180, 270]).meta({ description: 'Degrees, clockwise' }),
      absolute: z.boolean().default(false).meta({
        description: 'Whether pages get this angle, whatever they have; otherwise it is added',
      }),
      pages: PageRanges.optional().meta({ description: 'Pages that are turned; all by default' }),
      store,
    })
    .refine(({ angle, absolute }) => angle !== 0 || absolute, {
      path: ['angle'],
      message: '0 turns nothing, unless absolute is true',
    }),
  output: z.object({ document: PdfResult }),
  ...limits,
  ...oneSource,
  ...oneResult('rotated'),
});

const Part = z.strictObject({
  pages: PageRanges,
  name: FileName.optional().meta({ description: 'Unique; part-1, part-2 ... by default', example: 'chapter-1' }),
});

/** How a PDF is cut: exactly one of the three. */
const Cuts = z
  .strictObject({
    ranges: z.array(Part).min(1).max(500).optional().meta({ description: 'A file of each' }),
    every: z.int().min(1).max(100_000).optional().meta({ description: 'A file of each so many pages' }),
    bookmarks: z
      .literal(true)
      .optional()
      .meta({ description: 'A file of what begins at each bookmark of the first level' }),
  })
  .refine((cuts) => Object.values(cuts).filter((value) => value !== undefined).length === 1, {
    message: 'name exactly one of ranges, every and bookmarks',
  });

/** What part `index` of `count` is called, with as many digits as the last one needs. */
export function partName(index: number, count: number): string {
  return `part-${String(index + 1).padStart(String(count).length, '0')}`;
}

export const SplitPdf = defineCommand('documents.split', {
  summary: 'Cut a PDF file into up to 500 files',
  input: z
    .strictObject({
      source: PdfSource,
      into: Cuts,
      outline: z.boolean().default(true).meta({ description: 'Whether files keep the bookmarks of their pages' }),
      attachments: z.boolean().default(false).meta({
        description:
          'Whether every file gets all that is attached to the source; otherwise none does, and a warning says so',
      }),
      store,
    })
    .superRefine(({ into, store }, ctx) => {
      const names = into.ranges?.map(({ name }, index, { length }) => name ?? partName(index, length)) ?? [];
      if (new Set(names).size < names.length)
        ctx.addIssue({ code: 'custom', path: ['into', 'ranges'], message: 'every file needs a name of its own' });
      if (store && !into.ranges)
        ctx.addIssue({
          code: 'custom',
          path: ['store'],
          message: 'needs into.ranges, so that the files are known before',
        });
    }),
  output: z.object({
    files: z.array(
      PdfResult.extend({
        name: z.string(),
        title: z.string().optional().meta({ description: 'Of the bookmark' }),
        firstPage: z.int().meta({ description: 'Where it begins in the source' }),
      }),
    ),
    warnings,
  }),
  ...limits,
  ...oneSource,
  supabaseWrites: ({ store, into }) =>
    store && into.ranges
      ? into.ranges.map(({ name }, index, { length }) => storedFile(store, name ?? partName(index, length), 'pdf'))
      : [],
  produces: ({ files }) => files,
});

export const UnlockPdf = defineCommand('documents.unlock', {
  summary: 'Remove encryption and restrictions from a PDF file whose password is known',
  input: z.strictObject({ source: PdfSource, store }),
  output: z.object({ document: PdfResult }),
  ...limits,
  ...oneSource,
  ...oneResult('unlocked'),
});

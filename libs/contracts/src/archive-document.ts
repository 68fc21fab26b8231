import { z } from 'zod';
import { defineCommand } from './command.js';
import { ResultStore, sourceFile, sourceObject, storedFile } from './file-source.js';
import { PdfResult, PdfSource } from './pdf-files.js';
import { Language } from './pdf-metadata.js';

/** Name of the file that an archiving makes. */
export const ARCHIVE = 'archive';

/** What an archive conforms to; both in one is what an archive for everybody is. */
export const ArchiveStandard = z.enum(['pdfa-2b', 'pdfua-1']);
export type ArchiveStandard = z.infer<typeof ArchiveStandard>;

const Metadata = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^\P{Cc}*$/u, 'has a control character');

export const ArchiveDocument = defineCommand('documents.archive', {
  summary: 'Make a PDF/A-2b of a PDF, for archives, or a PDF/UA-1, for screen readers',
  input: z.strictObject({
    source: PdfSource,
    metadata: z
      .strictObject({
        title: Metadata,
        author: Metadata,
        subject: Metadata,
        keywords: Metadata,
        language: Language,
      })
      .partial()
      .optional()
      .meta({ description: "In place of the file's own" }),
    standards: z
      .array(ArchiveStandard)
      .min(1)
      .refine((standards) => new Set(standards).size === standards.length, { message: 'name each standard once' })
      .default(['pdfa-2b'])
      .meta({
        description: 'What the result conforms to. PDF/UA-1 needs a source with tags, a title and a language',
      }),
    store: ResultStore.optional(),
  }),
  output: z.object({
    document: PdfResult,
    changes: z.array(z.string()).max(100).meta({ description: 'What was changed or removed to conform' }),
  }),
  timeout: '120s',
  attempts: 5,
  scope: 'documents:write',
  reads: ({ source }) => sourceObject(source, ['application/pdf']),
  supabaseReads: ({ source }) => sourceFile(source),
  supabaseWrites: ({ store }) => (store ? [storedFile(store, ARCHIVE, 'pdf')] : []),
  produces: ({ document }) => [document],
});

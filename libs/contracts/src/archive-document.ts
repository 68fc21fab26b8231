import { z } from 'zod';
import { defineCommand } from './command.js';
import { ResultStore, sourceFile, sourceObject, storedFile } from './file-source.js';
import { PdfResult, PdfSource } from './pdf-files.js';

/** Name of the file that an archiving makes. */
export const ARCHIVE = 'archive';

const Metadata = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^\P{Cc}*$/u, 'has a control character');

export const ArchiveDocument = defineCommand('documents.archive', {
  summary: 'Make a PDF/A-2b of a PDF, for archives',
  input: z.strictObject({
    source: PdfSource,
    metadata: z
      .strictObject({ title: Metadata, author: Metadata, subject: Metadata, keywords: Metadata })
      .partial()
      .optional()
      .meta({ description: "In place of the file's own" }),
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

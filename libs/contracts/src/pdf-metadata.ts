import { z } from 'zod';

/** One line: control characters, line ends above all, have let values become commands of other programs. */
const Value = z
  .string()
  .min(1)
  .max(2_000)
  .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]+$/u, 'must have no control characters or line ends');

/** What a document information dictionary and XMP have names of their own for. */
const RESERVED =
  'Title Author Subject Keywords Creator Producer CreationDate ModDate Trapped Metadata Type Length Subtype'.split(' ');

const CustomKey = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'must be 1 to 63 letters, digits, "_" or "-", and begin with a letter')
  .refine((key) => !RESERVED.includes(key), { message: 'is a key of its own: use its own field' });

/** A language by its tag (BCP 47). */
export const Language = z
  .string()
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language such as fr or fr-SN')
  .meta({ example: 'fr-SN' });

/** What changes: a value sets, null removes, what is left out stays. */
export const MetadataChanges = z
  .strictObject({
    clear: z
      .boolean()
      .default(false)
      .meta({ description: 'Remove all that was there before, producer and dates too; then set' }),
    title: Value.nullable().optional(),
    author: Value.nullable().optional(),
    subject: Value.nullable().optional(),
    keywords: z
      .array(Value.regex(/^[^,;]*$/, 'must have no comma or semicolon'))
      .min(1)
      .max(100)
      .nullable()
      .optional(),
    creator: Value.nullable().optional().meta({ description: 'The program that the document was written in' }),
    language: Language.nullable().optional(),
    custom: z
      .record(CustomKey, Value.nullable())
      .refine((custom) => Object.keys(custom).length <= 50, { message: 'at most 50 keys' })
      .optional()
      .meta({ description: 'Keys of your own' }),
  })
  .refine((changes) => changes.clear || Object.keys(changes).length > 1, { message: 'name what to change' });
export type MetadataChanges = z.infer<typeof MetadataChanges>;

/** What a PDF says of itself. */
export const PdfMetadata = z.object({
  title: z.string().optional(),
  author: z.string().optional(),
  subject: z.string().optional(),
  keywords: z.array(z.string()).optional(),
  creator: z.string().optional(),
  producer: z.string().optional(),
  language: z.string().optional(),
  created: z.string().optional().meta({ description: 'ISO 8601' }),
  modified: z.string().optional(),
  custom: z.record(z.string(), z.string()),
  pdfVersion: z.string(),
  pages: z.int(),
  encrypted: z.boolean(),
  signed: z.boolean(),
  tagged: z.boolean().meta({ description: 'With structure for screen readers' }),
  forms: z.boolean().meta({ description: 'With form fields' }),
  conformance: z.string().optional().meta({ description: 'What XMP claims, such as PDF/A-3B; unchecked' }),
  attachments: z.array(z.object({ name: z.string(), size: z.int().optional() })),
  pageSize: z
    .object({ width: z.number(), height: z.number() })
    .meta({ description: 'Of the first page as it is seen, in points' }),
});
export type PdfMetadata = z.infer<typeof PdfMetadata>;

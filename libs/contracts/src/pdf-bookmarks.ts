import { z } from 'zod';
import { defineCommand } from './command.js';
import { ResultStore, sourceFile, sourceObject, storedFile } from './file-source.js';
import { PDF_TYPES, PdfResult, PdfSource } from './pdf-files.js';

/** Name of the file that new bookmarks make. */
export const BOOKMARKED = 'bookmarked';
/** As deep as headings go. */
export const BOOKMARK_LEVELS = 6;
/** On all levels together. */
const MOST_BOOKMARKS = 2_000;

/** A bookmark, which leads to a page. */
export interface Bookmark {
  title: string;
  page: number;
  open?: boolean;
  children?: Bookmark[];
}

/** A bookmark of a document: not all of them lead to a page of it. */
export interface FoundBookmark extends Omit<Bookmark, 'page' | 'children'> {
  page?: number;
  children?: FoundBookmark[];
}

const Title = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must have no control characters or line ends');
const open = z.boolean().optional().meta({ description: 'Whether what is below is shown at once; true by default' });
const given = { title: Title, page: z.int().min(1).max(100_000).meta({ description: 'From 1' }), open };
const found = { title: z.string(), page: z.int().optional(), open: z.boolean().optional() };

/** Level by level rather than by a schema that names itself, so that the API says how deep they may be. */
function bookmarkOf(levels: number): z.ZodType<Bookmark, Bookmark> {
  if (levels === 1) return z.strictObject(given);
  return z.strictObject({ ...given, children: z.array(bookmarkOf(levels - 1)).optional() });
}

function foundOf(levels: number): z.ZodType<FoundBookmark, FoundBookmark> {
  if (levels === 1) return z.object(found);
  return z.object({ ...found, children: z.array(foundOf(levels - 1)).optional() });
}

function countBookmarks(bookmarks: readonly { children?: readonly object[] }[]): number {
  return bookmarks.reduce((sum, { children = [] }) => sum + 1 + countBookmarks(children), 0);
}

export const ChangePdfBookmarks = defineCommand('documents.bookmarks', {
  summary: 'Read, set and remove the bookmarks of a PDF file',
  input: z
    .strictObject({
      source: PdfSource,
      bookmarks: z
        .array(bookmarkOf(BOOKMARK_LEVELS))
        .refine((bookmarks) => countBookmarks(bookmarks) <= MOST_BOOKMARKS, {
          message: `at most ${MOST_BOOKMARKS} bookmarks, on all levels together`,
        })
        .optional()
        .meta({
          description: 'In place of those that are there; an empty list removes them. Left out, they are read, no more',
        }),
      add: z.boolean().default(false).meta({ description: 'Keep those that are there, and put these after them' }),
      store: ResultStore.optional(),
    })
    .refine(({ bookmarks, add }) => !add || (bookmarks && bookmarks.length > 0), {
      path: ['bookmarks'],
      message: 'name what to add',
    }),
  output: z.object({
    bookmarks: z.array(foundOf(BOOKMARK_LEVELS)).meta({ description: 'All that the document has now' }),
    document: PdfResult.optional().meta({ description: 'With the bookmarks; absent when they were only read' }),
    warnings: z.array(z.string()),
  }),
  timeout: '120s',
  attempts: 5,
  scope: 'documents:write',
  reads: ({ source }) => sourceObject(source, PDF_TYPES),
  supabaseReads: ({ source }) => sourceFile(source),
  supabaseWrites: ({ store, bookmarks }) => (store && bookmarks ? [storedFile(store, BOOKMARKED, 'pdf')] : []),
  produces: ({ document }) => (document ? [document] : []),
});

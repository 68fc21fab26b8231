/**
 * What runs in a page process (`page-processes.ts` starts them): everything that reads the pages of a PDF. A file that loops,
 * fills the memory or breaks the library takes down this process and nothing else.
 */
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Rejected } from '@tandem/messaging/outcome';
import sharp from 'sharp';
import type { AccessibleTask } from './accessible-pdf.js';
import type { ArchiveTask, InvoiceTask } from './archive-pdf.js';
import type { AttachTask, PdfWithFiles } from './attach-files.js';
import { countPages as countOf } from './count-pages.js';
import type { ChangedPdf, StampTask } from './draw-stamps.js';
import type { WatermarkTask } from './draw-watermark.js';
import type { BookmarkedPdf, BookmarksTask } from './edit-bookmarks.js';
import type { DescribedPdf, MetadataTask } from './edit-metadata.js';
import { type PageImage, type PageImageOptions, pageImages } from './page-images.js';
import { selectPages } from './page-selection.js';
import { type PageText, type PageTextOptions, pageText } from './page-text.js';
import type { PdfA } from './pdf-a.js';
import type { ResampleTask } from './resample-images.js';
import type { ReplacedStream } from './structure-process.js';

const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff'].map((format) => `VipsForeignLoad${format}`);
sharp.cache(false);
sharp.concurrency(1);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: LOADERS });

// What changes documents takes most of the start (pdf-lib has 300 modules): it is loaded behind, so that reading waits for none of it.
const editors = {
  accessible: () => import('./accessible-pdf.js'),
  archive: () => import('./archive-pdf.js'),
  attach: () => import('./attach-files.js'),
  bookmarks: () => import('./edit-bookmarks.js'),
  resample: () => import('./resample-images.js'),
  metadata: () => import('./edit-metadata.js'),
  stamp: () => import('./draw-stamps.js'),
  watermark: () => import('./draw-watermark.js'),
};
// Should one fail, the work that needs it says why.
void Promise.allSettled(Object.values(editors).map((load) => load()));

/** A PDF on this machine. */
export interface PdfFile {
  path: string;
  password?: string;
}

type OnFile<T> = Omit<T, 'data'> & PdfFile;

/** Ranges such as `1-5, 8`, which need the document to be understood. */
type Ranges<T> = Omit<T, 'pages'> & { pages?: string };

/** How many pages it has. */
export async function countPages({ path, password }: PdfFile): Promise<number> {
  return countOf(await readFile(path), password);
}

/** An image, and how many there will be. */
export type MadePageImage = PageImage & { of: number };

/** Tells the image of each page as it is ready; answers how many pages the document has. */
export async function images(
  { path, pages, most, ...options }: OnFile<Ranges<PageImageOptions>> & { most: number },
  tell: (image: MadePageImage) => void,
): Promise<number> {
  const data = await readFile(path);
  const count = await countOf(data, options.password);
  const selected = [...new Set(selectPages(pages, count, 'pages'))];
  if (selected.length > most) {
    const detail = `pages: these are ${selected.length} pages; one job makes images of ${most}. Send several jobs.`;
    throw new Rejected('invalid_input', detail);
  }
  for await (const image of pageImages(data, { ...options, pages: selected })) tell({ ...image, of: selected.length });
  return count;
}

/** The text of each page. */
export async function text({ path, pages, ...options }: OnFile<Ranges<PageTextOptions>>): Promise<PageText[]> {
  const data = await readFile(path);
  const count = await countOf(data, options.password);
  const texts: PageText[] = [];
  for await (const page of pageText(data, { ...options, pages: selectPages(pages, count, 'pages') })) texts.push(page);
  return texts;
}

/** Lays a watermark on pages; `filePath` is the image or PDF that it names. */
export async function watermark({
  path,
  filePath,
  ...task
}: OnFile<WatermarkTask> & { filePath?: string }): Promise<ChangedPdf> {
  const file = filePath === undefined ? undefined : await readFile(filePath);
  const { drawWatermark } = await editors.watermark();
  return drawWatermark({ ...task, data: await readFile(path), file });
}

/** Writes stamps on pages. */
export async function stamp({ path, ...task }: OnFile<StampTask>): Promise<ChangedPdf> {
  const { drawStamps } = await editors.stamp();
  return drawStamps({ ...task, data: await readFile(path) });
}

/** Reads and changes metadata. */
export async function metadata({ path, ...task }: OnFile<MetadataTask>): Promise<DescribedPdf> {
  const { editMetadata } = await editors.metadata();
  return editMetadata({ ...task, data: await readFile(path) });
}

/** Reads and sets bookmarks. */
export async function bookmarks({ path, ...task }: OnFile<BookmarksTask>): Promise<BookmarkedPdf> {
  const { editBookmarks } = await editors.bookmarks();
  return editBookmarks({ ...task, data: await readFile(path) });
}

/** Puts files into a document. */
export async function attach({
  path,
  files,
  ...task
}: Omit<OnFile<AttachTask>, 'files'> & {
  files: (Omit<AttachTask['files'][number], 'data'> & { path: string })[];
}): Promise<PdfWithFiles> {
  const read = files.map(async ({ path: at, ...file }) => ({ ...file, data: await readFile(at) }));
  const { attachFiles } = await editors.attach();
  return attachFiles({ ...task, data: await readFile(path), files: await Promise.all(read) });
}

/** Writes images that have more pixels than they need with fewer, into files of a folder. */
export async function resample({
  path,
  folder,
  ...task
}: OnFile<ResampleTask> & { folder: string }): Promise<ReplacedStream[]> {
  const { resampledImages } = await editors.resample();
  const made: ReplacedStream[] = [];
  for await (const { data, ...image } of resampledImages({ ...task, data: await readFile(path) })) {
    const file = join(folder, `${randomUUID()}.image`);
    await writeFile(file, data);
    made.push({ ...image, path: file });
  }
  return made;
}

/** Makes a PDF/A-2b, a PDF/UA-1, or both in one. */
export async function archive({ path, ...task }: OnFile<ArchiveTask>): Promise<PdfA> {
  const { archivePdf } = await editors.archive();
  return archivePdf({ ...task, data: await readFile(path) });
}

/** Makes a PDF/UA-1 of what was made here. */
export async function accessible(task: AccessibleTask): Promise<PdfA> {
  const { accessiblePdf } = await editors.accessible();
  return accessiblePdf(task);
}

/** Makes a PDF/A-3b with an invoice inside. */
export async function invoice(task: InvoiceTask): Promise<PdfA> {
  const { facturXPdf } = await editors.archive();
  return facturXPdf(task);
}

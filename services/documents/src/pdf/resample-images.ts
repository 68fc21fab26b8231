import { type PDFContext, PDFName, PDFNumber, PDFRawStream, PDFRef } from '@cantoo/pdf-lib';
import { openEditable, readable } from './editable-pdf.js';
import { eachDictionary } from './pdf-objects-walk.js';
import { type ResampledImage, resampledImage } from './resample-image.js';
import { type ShownSize, shownImages } from './shown-images.js';

/** Which images of a document become smaller. */
export interface ResampleTask {
  data: Uint8Array;
  password?: string;
  /** Pixels for each inch where they are shown largest: what has more gets so many. */
  dpi: number;
}

/** The images of a document that have more pixels than they need, with fewer; each under its reference. */
export async function* resampledImages({
  data,
  password,
  dpi,
}: ResampleTask): AsyncGenerator<ResampledImage & { object: string }> {
  const { pdf, pages } = await openEditable(data, password);
  const { context } = pdf;
  const shown = await readable(async () => withMasks(shownImages(context, pages), context));
  for (const [ref, size] of shown) {
    const image = context.lookup(ref);
    if (!(image instanceof PDFRawStream)) continue;
    // What cannot be read stays as it is: viewers make of it what they can.
    const made = await resampledImage(image, factorOf(image, size, dpi)).catch(() => undefined);
    if (made) yield { ...made, object: `${ref.objectNumber} ${ref.generationNumber} R` };
  }
}

/** Adds the soft masks of the images, each as large as the largest of them, unless an image has it whose size is not known. */
function withMasks(shown: ReadonlyMap<PDFRef, ShownSize>, context: PDFContext): Map<PDFRef, ShownSize> {
  const images = new Map([...shown].map(([ref, size]) => [context.lookup(ref), size]));
  const sizes = new Map(shown);
  const doubtful = new Set<PDFRef>();
  eachDictionary(context, (dict, stream) => {
    const mask = dict.get(PDFName.of('SMask'));
    if (!stream || !(mask instanceof PDFRef)) return;
    const { width, height } = images.get(stream) ?? { width: 0, height: 0 };
    if (width === 0) doubtful.add(mask);
    const before = sizes.get(mask) ?? { width: 0, height: 0 };
    sizes.set(mask, { width: Math.max(before.width, width), height: Math.max(before.height, height) });
  });
  for (const mask of doubtful) sizes.delete(mask);
  return sizes;
}

/** How many times its pixels it needs, as much in one direction as in the other; 0 for one that nobody sees. */
function factorOf({ dict }: PDFRawStream, { width, height }: ShownSize, dpi: number): number {
  const [wide, high] = ['Width', 'Height'].map((key) => dict.lookup(PDFName.of(key)));
  if (!(wide instanceof PDFNumber) || !(high instanceof PDFNumber)) return 1;
  return Math.max((width * dpi) / wide.asNumber(), (height * dpi) / high.asNumber());
}

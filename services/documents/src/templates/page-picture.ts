/** Runs in a process of its own (`preview-template.ts`): a PDF can keep PDFium busy for long, or fill its memory. */
import { Rejected } from '@tandem/messaging/outcome';
import { countPages } from '../pdf/count-pages.js';
import { pageImages } from '../pdf/page-images.js';

/** Sharp on a screen: 144 pixels an inch. */
const PIXELS_PER_POINT = 2;
const MOST_PIXELS = 10_000_000;

/** One page of a PDF as PNG. Throws `Rejected` `invalid_input` for a page that is not there. */
export async function pagePicture({ pdf, page }: { pdf: Uint8Array; page: number }): Promise<Buffer> {
  const pages = await countPages(pdf);
  if (page > pages) {
    const there = pages === 1 ? 'it has 1 page' : `it has ${pages} pages`;
    throw new Rejected('invalid_input', `page: the document has no page ${page}; ${there}.`);
  }
  const drawn = pageImages(pdf, { pages: [page], scale: PIXELS_PER_POINT, maxPixels: MOST_PIXELS });
  const { value } = await drawn.next();
  return value!.data;
}

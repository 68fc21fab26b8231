import { type PDFDocument, PDFName } from '@cantoo/pdf-lib';
import { Rejected } from '@tandem/messaging/outcome';
import { openEditable } from './editable-pdf.js';
import { seen } from './lay-on-page.js';
import type { Mark } from './mark.js';
import { inverse } from './page-geometry.js';

/** Embeds a page of another PDF as it is seen: turned, and cut to its CropBox. Its annotations and links stay behind. */
export async function pageMark(pdf: PDFDocument, data: Uint8Array, number: number): Promise<Mark> {
  const other = await openEditable(data).catch((error: Rejected) => {
    throw new Rejected(error.code, `watermark.pdf: ${error.detail}`, { cause: error });
  });
  const page = other.pdf.getPages()[number - 1];
  if (!page) {
    const detail = `watermark.pdf.page: there is no page ${number}; the document has ${other.pages.length}.`;
    throw new Rejected('invalid_input', detail);
  }
  if (!page.node.get(PDFName.Contents))
    page.node.set(PDFName.Contents, other.pdf.context.register(other.pdf.context.stream('')));
  const { box, toPage, width, height } = seen(page.node);
  const bounds = { left: box.x, bottom: box.y, right: box.x + box.width, top: box.y + box.height };
  const embedded = await pdf.embedPage(page, bounds, [...inverse(toPage)] as Parameters<PDFDocument['embedPage']>[2]);
  await pdf.flush();
  return { ref: embedded.ref, width, height };
}

import {
  decodePDFRawStream,
  PDFArray,
  PDFDict,
  PDFName,
  type PDFObject,
  PDFRawStream,
  PDFStream,
} from '@cantoo/pdf-lib';

/** The operators of a page, as Latin-1. */
export function contentOfPage(page: PDFDict): string {
  const contents = page.lookup(PDFName.Contents);
  const streams = contents instanceof PDFArray ? contents.asArray().map((_, at) => contents.lookup(at)) : [contents];
  return streams.map((stream) => (stream instanceof PDFStream ? contentOf(stream) : '')).join('\n');
}

/** The operators of a form, a pattern or a glyph. */
export function contentOf(stream: PDFStream): string {
  const bytes = stream instanceof PDFRawStream ? decodePDFRawStream(stream).decode() : stream.getContents();
  return Buffer.from(bytes).toString('latin1');
}

/** What draws a page may use, and the page or the node above it that has it. */
export function resourcesOf(page: PDFDict): { owner?: PDFDict; resources?: PDFDict } {
  for (let node: PDFObject | undefined = page, depth = 0; node instanceof PDFDict && depth < 50; depth++) {
    const resources = node.lookup(PDFName.Resources);
    if (resources instanceof PDFDict) return { owner: node, resources };
    node = node.lookup(PDFName.Parent);
  }
  return {};
}

import { type PDFContext, PDFName, type PDFStream } from '@cantoo/pdf-lib';

/** What says how the bytes of a stream are packed. */
const PACKING = new Set(['Filter', 'DecodeParms', 'Length'].map((key) => PDFName.of(key)));

/** A stream with all that another says of itself, and these bytes, packed anew. */
export function repacked(context: PDFContext, { dict }: PDFStream, bytes: Uint8Array): PDFStream {
  const again = context.flateStream(bytes);
  for (const [key, value] of dict.entries()) if (!PACKING.has(key)) again.dict.set(key, value);
  return again;
}

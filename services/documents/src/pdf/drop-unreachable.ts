import { PDFArray, type PDFContext, PDFDict, type PDFObject, PDFRef, PDFStream } from '@cantoo/pdf-lib';

/** Takes out of a PDF what nothing refers to: earlier versions of objects, above all, so that what was removed is gone. */
export function dropUnreachable(context: PDFContext): void {
  const { Root, Info, Encrypt } = context.trailerInfo;
  const reached = new Set<PDFRef>();
  const open = [Root, Info, Encrypt].filter((object) => object !== undefined);
  for (let object = open.pop(); object; object = open.pop()) {
    if (!(object instanceof PDFRef)) open.push(...partsOf(object));
    else if (!reached.has(object)) {
      reached.add(object);
      const found = context.lookup(object);
      if (found) open.push(found);
    }
  }
  for (const [ref] of context.enumerateIndirectObjects()) if (!reached.has(ref)) context.delete(ref);
}

function partsOf(object: PDFObject): PDFObject[] {
  if (object instanceof PDFArray) return object.asArray();
  if (object instanceof PDFDict) return object.values();
  if (object instanceof PDFStream) return object.dict.values();
  return [];
}

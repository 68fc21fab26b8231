import {
  PDFArray,
  type PDFContext,
  PDFDict,
  PDFName,
  PDFNumber,
  type PDFObject,
  PDFRef,
  PDFStream,
} from '@cantoo/pdf-lib';

/** Visits each dictionary of a file once, those of streams and those inside of other objects too. */
export function eachDictionary(context: PDFContext, visit: (dict: PDFDict, stream?: PDFStream) => void): void {
  for (const [, object] of context.enumerateIndirectObjects()) {
    const pending: PDFObject[] = [object];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next instanceof PDFRef) continue; // an object of its own
      const dict = next instanceof PDFStream ? next.dict : next;
      if (dict instanceof PDFDict) {
        visit(dict, next instanceof PDFStream ? next : undefined);
        pending.push(...dict.values());
      } else if (next instanceof PDFArray) pending.push(...next.asArray());
    }
  }
}

/** The number of an entry, where it is one. */
export function numberIn(dict: PDFDict, key: string): number | undefined {
  const found = dict.lookup(PDFName.of(key));
  return found instanceof PDFNumber ? found.asNumber() : undefined;
}

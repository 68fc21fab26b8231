import { changed, describe, packetOf, writeInfo, writePacket } from './edit-metadata.js';
import { openEditable, readable, savedBytes } from './editable-pdf.js';
import type { PdfA, PdfMetadata } from './pdf-a.js';
import { toPdfUa } from './pdf-ua.js';
import { signatureWarnings } from './signatures.js';
import { splitKeywords, XmpPacket } from './xmp.js';

/** A tagged PDF, and what it shall say of itself. */
export interface AccessibleTask {
  data: Uint8Array;
  password?: string;
  metadata: PdfMetadata;
}

/** Makes a PDF/UA-1 of a file, and nothing else of it. Throws as `archivePdf`. */
export async function accessiblePdf({ data, password, metadata }: AccessibleTask): Promise<PdfA> {
  const { pdf, pages, warnings } = await openEditable(data, password);
  return readable(async () => {
    const packet = packetOf(pdf) ?? XmpPacket.empty();
    const { keywords, ...texts } = metadata;
    const words = keywords === undefined ? {} : { keywords: splitKeywords(keywords) };
    const after = changed(describe(pdf, packet), { clear: false, ...texts, ...words });
    const changes = [...warnings, ...signatureWarnings(pdf), ...toPdfUa(pdf, after)];
    writeInfo(pdf, after, false);
    // PDF/A wants keys of one's own declared: what stands in the information dictionary alone stays there.
    const { custom } = packet.describe();
    packet.write(packet.conformance ? { ...after, custom } : after, { clear: false });
    packet.claimAccessibility();
    writePacket(pdf, packet);
    return { data: await savedBytes(pdf), pages: pages.length, changes };
  });
}

import {
  decodePDFRawStream,
  PDFArray,
  PDFHexString,
  PDFName,
  PDFNumber,
  type PDFObject,
  PDFRawStream,
  PDFRef,
  PDFStream,
  PDFString,
} from '@cantoo/pdf-lib';
import type { PdfValue } from './pdf-objects.js';

/** What the numbers of an image's pixels mean. */
export interface ImageColours {
  channels: 1 | 3;
  /** Where they are places in a table of colours: that table, and its colour space as `qpdf --json` writes it. */
  table?: { bytes: Uint8Array; space: PdfValue };
}

const name = PDFName.of;
const ONE = ['DeviceGray', 'CalGray', 'Separation'].map(name);
const THREE = ['DeviceRGB', 'CalRGB'].map(name);

/** Undefined for CMYK, Lab, patterns of inks and what is damaged: means of their pixels are not what the eye would take. */
export function coloursOf(space: PDFObject | undefined): ImageColours | undefined {
  const kind = space instanceof PDFArray ? space.lookup(0) : space;
  if (ONE.includes(kind as PDFName)) return { channels: 1 };
  if (THREE.includes(kind as PDFName)) return { channels: 3 };
  if (!(space instanceof PDFArray)) return undefined;
  if (kind === name('ICCBased')) return profileColours(space.lookup(1));
  if (kind !== name('Indexed')) return undefined;
  const base = coloursOf(space.lookup(1));
  const json = spaceOf(space.get(1));
  const bytes = bytesOf(space.lookup(3));
  return base && !base.table && json && bytes ? { channels: base.channels, table: { bytes, space: json } } : undefined;
}

function profileColours(profile: PDFObject | undefined): ImageColours | undefined {
  const count = profile instanceof PDFStream ? profile.dict.lookup(name('N')) : undefined;
  const channels = count instanceof PDFNumber ? count.asNumber() : 0;
  return channels === 1 || channels === 3 ? { channels } : undefined;
}

function spaceOf(space: PDFObject | undefined): PdfValue | undefined {
  if (space instanceof PDFRef) return `${space.objectNumber} ${space.generationNumber} R`;
  if (space instanceof PDFName) return space.asString();
  const profile = space instanceof PDFArray && space.lookup(0) === name('ICCBased') ? spaceOf(space.get(1)) : undefined;
  return profile && ['/ICCBased', profile];
}

function bytesOf(table: PDFObject | undefined): Uint8Array | undefined {
  if (table instanceof PDFString || table instanceof PDFHexString) return table.asBytes();
  return table instanceof PDFRawStream ? decodePDFRawStream(table).decode() : undefined;
}

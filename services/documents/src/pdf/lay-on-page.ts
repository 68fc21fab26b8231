import {
  decodePDFRawStream,
  PDFArray,
  PDFContentStream,
  type PDFContext,
  PDFDict,
  PDFName,
  PDFNumber,
  type PDFObject,
  type PDFPageLeaf,
  PDFRawStream,
  type PDFRef,
  PDFStream,
} from '@cantoo/pdf-lib';
import { numbersOf } from './editable-pdf.js';
import { openStates } from './open-states.js';
import { type SeenPage, seenPage, written } from './page-geometry.js';

/** Above all that the page paints, or below. */
export type Layer = 'over' | 'under';

/** How a page of pdf-lib is seen. */
export function seen(page: PDFPageLeaf): SeenPage {
  const array = (name: string) => numbersOf(page.context.lookup(page.getInheritableAttribute(PDFName.of(name))));
  const number = (object: PDFObject | undefined) => (object instanceof PDFNumber ? object.asNumber() : undefined);
  return seenPage({
    mediaBox: array('MediaBox'),
    cropBox: array('CropBox'),
    rotate: number(page.context.lookup(page.getInheritableAttribute(PDFName.of('Rotate')))),
    userUnit: number(page.lookup(PDFName.of('UserUnit'))),
  });
}

/**
 * A form XObject as large as the visible page, whose content is written in points of the page as it is seen. Pages that look alike
 * may share one.
 */
export function layerForm(context: PDFContext, { box, toPage }: SeenPage, content: string, resources: PDFDict): PDFRef {
  const { x, y, width, height } = box;
  return context.register(
    context.flateStream(`q ${written(...toPage)} cm\n${content}\nQ`, {
      Type: 'XObject',
      Subtype: 'Form',
      BBox: [x, y, x + width, y + height],
      Resources: resources,
    }),
  );
}

/** Draws a form over or under a page, for sighted readers only: a screen reader passes over it. */
export function layOnPage(page: PDFPageLeaf, layer: Layer, form: PDFRef, subtype: 'Watermark' | 'Header'): void {
  const { context } = page;
  const key = addXObject(page, form);
  const draw = `q\n/Artifact <</Type /Pagination /Subtype /${subtype}>> BDC\n${key} Do\nEMC\nQ\n`;
  const contents = contentsOf(page);
  if (layer === 'under') {
    page.set(PDFName.Contents, context.obj([register(context, draw), ...contents]));
    return;
  }
  const { graphics, text } = openStates(joined(contents.map((ref) => context.lookup(ref))));
  const close = `\n${text ? 'ET\n' : ''}${'Q\n'.repeat(graphics + 1)}`;
  page.set(PDFName.Contents, context.obj([register(context, 'q\n'), ...contents, register(context, close + draw)]));
}

function register(context: PDFContext, content: string): PDFRef {
  return context.register(context.stream(content));
}

function contentsOf(page: PDFPageLeaf): PDFObject[] {
  const raw = page.get(PDFName.Contents);
  const contents = page.context.lookup(raw);
  if (contents instanceof PDFArray) return contents.asArray();
  return raw && contents instanceof PDFStream ? [raw] : [];
}

function joined(streams: readonly (PDFObject | undefined)[]): Uint8Array {
  return Buffer.concat(streams.flatMap((stream) => [decoded(stream), Buffer.from('\n')]));
}

/** What cannot be decoded, no viewer draws. */
function decoded(stream: PDFObject | undefined): Uint8Array {
  try {
    if (stream instanceof PDFRawStream) return decodePDFRawStream(stream).decode();
    if (stream instanceof PDFContentStream) return stream.getUnencodedContents();
  } catch {
    // as if it were empty
  }
  return new Uint8Array();
}

/** Adds to resources of the page's own: those of the file may serve many pages. */
function addXObject(page: PDFPageLeaf, form: PDFRef): PDFName {
  const { context } = page;
  const own = (dict: PDFDict | undefined) => dict?.clone(context) ?? PDFDict.withContext(context);
  const resources = own(dictOf(context.lookup(page.getInheritableAttribute(PDFName.Resources))));
  const objects = own(dictOf(resources.lookup(PDFName.XObject)));
  let number = 1;
  while (objects.has(PDFName.of(`Tandem${number}`))) number++;
  const key = PDFName.of(`Tandem${number}`);
  objects.set(key, form);
  resources.set(PDFName.XObject, objects);
  page.set(PDFName.Resources, resources);
  return key;
}

function dictOf(object: PDFObject | undefined): PDFDict | undefined {
  return object instanceof PDFDict ? object : undefined;
}

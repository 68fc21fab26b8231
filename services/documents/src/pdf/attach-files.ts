import { createHash } from 'node:crypto';
import { PDFArray, type PDFContext, PDFHexString, PDFName, type PDFRef } from '@cantoo/pdf-lib';
import type { Attachment } from '@tandem/contracts/pdf-pages';
import { Rejected } from '@tandem/messaging/outcome';
import type { ChangedPdf } from './draw-stamps.js';
import { openEditable, readable, savedBytes } from './editable-pdf.js';
import { embeddedFiles, setEmbeddedFiles } from './embedded-files.js';
import { signatureWarnings } from './signatures.js';

/** A file for {@link attachFiles}. */
export interface AttachedFile extends Pick<Attachment, 'name' | 'description' | 'relationship'> {
  data: Uint8Array;
  /** Media type. */
  type: string;
}

/** Which files go into which PDF. */
export interface AttachTask {
  data: Uint8Array;
  password?: string;
  files: readonly AttachedFile[];
}

/** A PDF with its files. */
export interface PdfWithFiles extends ChangedPdf {
  attachments: { name: string; size?: number }[];
}

/** Puts files into a PDF. The same task gives the same bytes: files carry no dates. */
export async function attachFiles({ data, password, files }: AttachTask): Promise<PdfWithFiles> {
  const { pdf, pages, warnings } = await openEditable(data, password);
  return readable(async () => {
    const present = embeddedFiles(pdf);
    const taken = files.find(({ name }) => present.some((file) => file.name === name || file.key === name));
    if (taken) {
      const detail = `attachments: the document has a file named ${taken.name} already. Choose another name.`;
      throw new Rejected('conflict', detail);
    }
    warnings.push(...signatureWarnings(pdf));
    const associated = pdf.catalog.lookup(PDFName.of('AF'));
    const list = associated instanceof PDFArray ? associated : pdf.context.obj([]);
    const added = files.map((file) => {
      const spec = specOf(pdf.context, file);
      list.push(spec);
      return { key: file.name, spec, name: file.name, size: file.data.length };
    });
    pdf.catalog.set(PDFName.of('AF'), list);
    setEmbeddedFiles(pdf, [...present, ...added]);
    const attachments = embeddedFiles(pdf).map(({ name, size }) => ({ name, size }));
    return { data: await savedBytes(pdf), pages: pages.length, warnings, attachments };
  });
}

/** A file specification with its stream (ISO 32000-2, 7.11.3). */
function specOf(context: PDFContext, { data, type, name, description, relationship }: AttachedFile): PDFRef {
  const stream = context.flateStream(data, {
    Type: 'EmbeddedFile',
    Subtype: type,
    Params: {
      Size: data.length,
      CheckSum: PDFHexString.of(createHash('md5').update(data).digest('hex').toUpperCase()),
    },
  });
  const spec = {
    Type: 'Filespec',
    // For readers before PDF 1.7.
    F: PDFHexString.of(
      Buffer.from(name.replace(/[^\x20-\x7e]/g, '_'))
        .toString('hex')
        .toUpperCase(),
    ),
    UF: PDFHexString.fromText(name),
    EF: { F: context.register(stream) },
    AFRelationship: relationship[0]!.toUpperCase() + relationship.slice(1),
  };
  return context.register(context.obj(description ? { ...spec, Desc: PDFHexString.fromText(description) } : spec));
}

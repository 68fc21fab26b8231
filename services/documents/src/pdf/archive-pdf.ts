import { readFile } from 'node:fs/promises';
import { EncryptedPDFError, PDFDocument } from '@cantoo/pdf-lib';
import type { ErrorCode } from '@tandem/contracts/errors';
import { Rejected } from '@tandem/messaging/outcome';
import { type PdfA, type PdfMetadata, toPdfA } from './pdf-a.js';

/** A PDF of somebody else, and what its archive shall say of it. */
export interface ArchiveTask {
  path: string;
  metadata: PdfMetadata;
  now: Date;
}

/** The archive, or what is wrong with the PDF: errors lose their kind on the way between processes. */
export type Archived = { made: PdfA } | { fault: { code: ErrorCode; detail: string; cause?: string } };

/** Makes a PDF/A-2b of a file. It runs in a process of its own (`archive-processes.ts`), which a hostile file may fill or hang. */
export async function archivePdf({ path, metadata, now }: ArchiveTask): Promise<Archived> {
  try {
    const pdf = await PDFDocument.load(await readFile(path), { updateMetadata: false, preserveXFA: true });
    return { made: await toPdfA(pdf, { metadata, now }) };
  } catch (error) {
    if (error instanceof Rejected) return { fault: { code: error.code, detail: error.detail } };
    if (error instanceof EncryptedPDFError)
      return {
        fault: { code: 'password_required', detail: 'The PDF is encrypted. Decrypt it first, by documents.unlock.' },
      };
    // What pdf-lib throws of a file is the file's fault.
    const detail = 'The PDF cannot be read. Open it in a viewer, print or export it as a new PDF and send that.';
    return { fault: { code: 'document_unreadable', detail, cause: String(error) } };
  }
}

import type { ResultStore } from '@tandem/contracts/file-source';
import type { PdfResult } from '@tandem/contracts/pdf-files';
import { keepObject } from '@tandem/job-files/keep-object';
import { storeResult } from '@tandem/job-files/store-result';
import type { JobContext } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { MadePdf } from './pdf-desk.js';

/**
 * Keeps a PDF that a job made under the name `name`, and stores it where its caller wants it as well. An encrypted one has other
 * bytes each time: then a repeated run keeps them beside the first ones, under the same id, the ledger takes whichever run it
 * hears of first, and the collector removes the others.
 */
export type KeepPdf = (
  job: JobContext,
  name: string,
  made: MadePdf,
  to: { store?: ResultStore; signal: AbortSignal },
) => Promise<PdfResult>;

/** Keeps PDFs among these objects. */
export function keepPdfIn(objects: ObjectStore): KeepPdf {
  return async (job, name, { data, pages }, { store, signal }) => {
    const file = { data, type: 'application/pdf' };
    const kept = await keepObject(objects, job, name, file);
    if (store) await storeResult(store, job, name, { ...file, signal });
    return { ...kept, pages };
  };
}

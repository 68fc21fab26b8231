import { mkdtemp, open as openFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ResultStore } from '@tandem/contracts/file-source';
import type { PdfResult, PdfSource } from '@tandem/contracts/pdf-files';
import { Egress } from '@tandem/egress/egress';
import { policiesOf } from '@tandem/egress/settings';
import { SourceFiles, type SourceOwner } from '@tandem/job-files/source-files';
import type { JobContext } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { DocumentsConfig } from '../config.js';
import { DOCUMENTS_CONFIG, OBJECT_STORE } from '../tokens.js';
import { type KeepPdf, keepPdfIn } from './keep-pdf.js';
import { MOST_PAGES } from './page-selection.js';
import { type MadePdf, type OpenedPdf, PdfDesk, whatOf } from './pdf-desk.js';
import { Qpdf, type QpdfRun } from './run-qpdf.js';
import { StructureProcesses } from './structure-processes.js';

/** PDFs that lie ready; disposing of it removes all that was made of them. */
export interface OpenedPdfs extends AsyncDisposable {
  desk: PdfDesk;
  pdfs: OpenedPdf[];
  /** The first, or only one. */
  pdf: OpenedPdf;
}

/** All sources of a job together may have so many times what one may have. */
const SOURCES = 5;
/** The files that one job makes together may have so many times it. */
const FILES = 10;
/** Where the header of a PDF must be (ISO 32000-1, annex H.3.4.1). */
const HEADER_WITHIN = 1_024;

/** Where PDF files are worked on: sources come in as files, qpdf does the work in processes with limits. */
@Injectable()
export class PdfWorkshop implements OnApplicationShutdown {
  readonly #files: SourceFiles;
  readonly #qpdf: Qpdf;
  readonly #structure: StructureProcesses;
  readonly #maxMegabytes: number;
  readonly keep: KeepPdf;

  constructor(@Inject(OBJECT_STORE) store: ObjectStore, @Inject(DOCUMENTS_CONFIG) config: DocumentsConfig) {
    const { DOCUMENTS_MAX_MB, DOCUMENTS_PDF_PROCESS_MB: memoryMb, DOCUMENTS_PDF_TIMEOUT_S: seconds } = config;
    this.keep = keepPdfIn(store);
    this.#maxMegabytes = DOCUMENTS_MAX_MB;
    this.#files = new SourceFiles(store, new Egress(policiesOf(config)), {
      maxMegabytes: DOCUMENTS_MAX_MB,
      kind: 'documents',
    });
    this.#qpdf = new Qpdf(config.QPDF_BIN, { memoryMb, seconds, fileMb: DOCUMENTS_MAX_MB });
    this.#structure = new StructureProcesses(memoryMb, seconds);
  }

  /** Why jobs on PDF files wait; undefined when they need not. */
  get problem(): string | undefined {
    return this.#qpdf.problem;
  }

  /** What all files that one job makes may have, in megabytes. */
  get mostFilesMb(): number {
    return FILES * this.#maxMegabytes;
  }

  /** Brings one source here and looks at it. Throws `Rejected` for what is no PDF, or needs another password. */
  open(source: PdfSource, job: SourceOwner, signal: AbortSignal): Promise<OpenedPdfs> {
    return this.openAll([source], job, signal);
  }

  /** As {@link open}, for several. */
  async openAll(sources: readonly PdfSource[], job: SourceOwner, signal: AbortSignal): Promise<OpenedPdfs> {
    await using cleanup = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'tandem-pdf-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    const run = { folder, signal, deadline: this.#qpdf.deadline() };
    const pdfs: OpenedPdf[] = [];
    for (const [index, source] of sources.entries()) {
      const field = sources.length === 1 ? 'source' : `sources/${index}`;
      const file = cleanup.use(await this.#files.open(fileOf(source), job, signal));
      pdfs.push(await this.#look({ path: file.path, password: source.password, field }, run));
      this.#checkSizes(pdfs);
    }
    const desk = new PdfDesk({ ...run, qpdf: this.#qpdf, structure: this.#structure });
    const held = cleanup.move();
    return { desk, pdfs, pdf: pdfs[0]!, [Symbol.asyncDispose]: () => held.disposeAsync() };
  }

  /** What most commands do: one source in, one document out, as `change` makes it. */
  async change(
    { data, job, signal }: { data: { source: PdfSource; store?: ResultStore }; job: JobContext; signal: AbortSignal },
    name: string,
    change: (desk: PdfDesk, pdf: OpenedPdf) => Promise<MadePdf>,
  ): Promise<{ document: PdfResult }> {
    await using opened = await this.open(data.source, job, signal);
    const made = await change(opened.desk, opened.pdf);
    return { document: await this.keep(job, name, made, { store: data.store, signal }) };
  }

  onApplicationShutdown(): void {
    this.#structure.close();
  }

  async #look(pdf: Pick<OpenedPdf, 'path' | 'password' | 'field'>, run: Omit<QpdfRun, 'what'>): Promise<OpenedPdf> {
    const size = await checkHeader(pdf);
    const job = { inputFile: pdf.path, password: pdf.password, showEncryption: '', showPages: '' };
    const output = await this.#qpdf.run(job, { ...run, what: whatOf(pdf) });
    // Asked for encryption, qpdf does not fail for the password.
    if (/^Incorrect password supplied$/m.test(output)) throw wrongPassword(pdf);
    // Counted, as what the document says of itself may be wrong.
    const pages = output.match(/^page \d+: /gm)?.length ?? 0;
    if (pages === 0) throw new Rejected('document_unreadable', `${pdf.field}: the document has no pages.`);
    if (pages > MOST_PAGES)
      throw new Rejected(
        'document_failed',
        `${pdf.field}: the document has ${pages} pages; it may have ${MOST_PAGES}.`,
      );
    return { ...pdf, pages, size, encrypted: !/^File is not encrypted$/m.test(output) };
  }

  #checkSizes(pdfs: readonly OpenedPdf[]): void {
    const most = SOURCES * this.#maxMegabytes;
    if (pdfs.reduce((sum, { size }) => sum + size, 0) <= most * 1_000_000) return;
    throw new Rejected(
      'payload_too_large',
      `The sources together may have ${most} megabytes. Send fewer or smaller ones.`,
    );
  }
}

function fileOf({ password: _, ...source }: PdfSource): Omit<PdfSource, 'password'> {
  return source;
}

/** The size of the file in bytes. */
async function checkHeader({ path, field }: Pick<OpenedPdf, 'path' | 'field'>): Promise<number> {
  await using file = await openFile(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_WITHIN), 0, HEADER_WITHIN, 0);
  if (buffer.subarray(0, bytesRead).includes('%PDF-')) return (await file.stat()).size;
  throw new Rejected('document_unreadable', `${field}: this is not a PDF file. Send one.`);
}

function wrongPassword({ password, field }: Pick<OpenedPdf, 'password' | 'field'>): Rejected {
  const detail =
    password === undefined
      ? `${field}: the document opens with a password only. Send it as ${field}/password.`
      : `${field}/password: the document does not open with this password. Send the right one.`;
  return new Rejected('password_required', detail);
}

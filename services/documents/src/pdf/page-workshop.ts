import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { PdfSource } from '@tandem/contracts/pdf-files';
import { Egress } from '@tandem/egress/egress';
import { policiesOf } from '@tandem/egress/settings';
import { type SourceFile, SourceFiles, type SourceOwner } from '@tandem/job-files/source-files';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { DocumentsConfig } from '../config.js';
import { DOCUMENTS_CONFIG, OBJECT_STORE } from '../tokens.js';
import { type KeepPdf, keepPdfIn } from './keep-pdf.js';
import { PageProcesses } from './page-processes.js';

/** Where the pages of PDF files are worked on: sources come in as files, processes with limits do the work. */
@Injectable()
export class PageWorkshop implements OnApplicationShutdown {
  readonly #files: SourceFiles;
  readonly #processes: PageProcesses;
  readonly run: PageProcesses['run'];
  readonly keep: KeepPdf;

  constructor(@Inject(OBJECT_STORE) store: ObjectStore, @Inject(DOCUMENTS_CONFIG) config: DocumentsConfig) {
    this.keep = keepPdfIn(store);
    const limits = { maxMegabytes: config.DOCUMENTS_MAX_MB, kind: 'documents' };
    this.#files = new SourceFiles(store, new Egress(policiesOf(config)), limits);
    this.#processes = new PageProcesses(config.DOCUMENTS_PDF_PROCESS_MB, config.DOCUMENTS_PDF_TIMEOUT_S);
    this.run = this.#processes.run.bind(this.#processes);
  }

  /** Brings a source to this machine. */
  open({ password: _, ...source }: PdfSource, job: SourceOwner, signal: AbortSignal): Promise<SourceFile> {
    return this.#files.open(source, job, signal);
  }

  /** Brings an object that the input names to this machine. */
  openObject(id: string, job: SourceOwner, signal: AbortSignal): Promise<SourceFile> {
    return this.#files.openObject(job.objects[id], signal);
  }

  onApplicationShutdown(): void {
    this.#processes.close();
  }
}

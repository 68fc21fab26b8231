import { availableParallelism } from 'node:os';
import { type DynamicModule, Inject, Module, type OnApplicationShutdown, type Type } from '@nestjs/common';
import type { CommandsOf } from '@tandem/contracts/catalog';
import { Egress } from '@tandem/egress/egress';
import { policiesOf } from '@tandem/egress/settings';
import { SourceFiles } from '@tandem/job-files/source-files';
import type { Connection } from '@tandem/messaging/connection';
import type { ObjectStore } from '@tandem/storage/object-store';
import { openStore } from '@tandem/storage/open-store';
import type { Logger } from '@tandem/telemetry/logger';
import { ArchiveDocumentHandler } from './archive-document.js';
import { AttachToPdfHandler } from './attach-to-pdf.js';
import { PagePool } from './browsers/page-pool.js';
import { poolOptions } from './browsers/pool-options.js';
import { ChangePdfBookmarksHandler } from './change-pdf-bookmarks.js';
import { ChangePdfMetadataHandler } from './change-pdf-metadata.js';
import { CompressPdfHandler } from './compress-pdf.js';
import type { DocumentsConfig } from './config.js';
import { ExtractPdfTextHandler } from './extract-pdf-text.js';
import { FlattenPdfHandler } from './flatten-pdf.js';
import { LayoutEngine } from './layout/layout-engine.js';
import { MakeInvoiceHandler } from './make-invoice.js';
import { MergePdfsHandler } from './merge-pdfs.js';
import { ContentSource } from './open-content.js';
import { PageWorkshop } from './pdf/page-workshop.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';
import { ProtectPdfHandler } from './protect-pdf.js';
import { DocumentRenderer } from './render/document-renderer.js';
import { RenderDocumentHandler } from './render-document.js';
import { RotatePdfHandler } from './rotate-pdf.js';
import { SplitPdfHandler } from './split-pdf.js';
import { StampPdfHandler } from './stamp-pdf.js';
import { openTemplates } from './templates/gateway-templates.js';
import { TemplateFiller } from './templates/template-filler.js';
import { ThumbnailPdfHandler } from './thumbnail-pdf.js';
import { DOCUMENTS_CONFIG, OBJECT_STORE, TEMPLATES } from './tokens.js';
import { UnlockPdfHandler } from './unlock-pdf.js';
import { WatermarkPdfHandler } from './watermark-pdf.js';

/** One handler for each command that the service owns; a missing one is a type error. */
const handlers = {
  'documents.attach': AttachToPdfHandler,
  'documents.bookmarks': ChangePdfBookmarksHandler,
  'documents.compress': CompressPdfHandler,
  'documents.flatten': FlattenPdfHandler,
  'documents.merge': MergePdfsHandler,
  'documents.metadata': ChangePdfMetadataHandler,
  'documents.protect': ProtectPdfHandler,
  'documents.render': RenderDocumentHandler,
  'documents.invoice': MakeInvoiceHandler,
  'documents.archive': ArchiveDocumentHandler,
  'documents.rotate': RotatePdfHandler,
  'documents.split': SplitPdfHandler,
  'documents.stamp': StampPdfHandler,
  'documents.text': ExtractPdfTextHandler,
  'documents.thumbnail': ThumbnailPdfHandler,
  'documents.unlock': UnlockPdfHandler,
  'documents.watermark': WatermarkPdfHandler,
} satisfies Record<CommandsOf<'documents'>, Type>;

/** The documents service: its handlers, browsers, the object store and its settings. */
@Module({})
export class DocumentsModule implements OnApplicationShutdown {
  constructor(@Inject(PagePool) private readonly pool: PagePool) {}

  onApplicationShutdown(): Promise<void> {
    return this.pool.stop();
  }

  static register(config: DocumentsConfig, connection: Connection, logger: Logger): DynamicModule {
    return {
      module: DocumentsModule,
      controllers: Object.values(handlers),
      providers: [
        { provide: DOCUMENTS_CONFIG, useValue: config },
        { provide: OBJECT_STORE, useFactory: () => openStore(config) },
        {
          provide: SourceFiles,
          useFactory: (store: ObjectStore) =>
            new SourceFiles(store, new Egress(policiesOf(config)), {
              maxMegabytes: config.DOCUMENTS_MAX_MB,
              kind: 'documents',
            }),
          inject: [OBJECT_STORE],
        },
        ContentSource,
        {
          provide: PagePool,
          useFactory: () => PagePool.start({ ...poolOptions(config), logger }),
        },
        {
          provide: TEMPLATES,
          useFactory: (store: ObjectStore) => openTemplates(connection, store),
          inject: [OBJECT_STORE],
        },
        { provide: TemplateFiller, useFactory: () => new TemplateFiller({ size: availableParallelism() }) },
        {
          provide: DocumentRenderer,
          useFactory: (pool: PagePool) => new DocumentRenderer(pool, { maxMegabytes: config.DOCUMENTS_MAX_MB }),
          inject: [PagePool],
        },
        LayoutEngine,
        PageWorkshop,
        PdfWorkshop,
      ],
    };
  }
}

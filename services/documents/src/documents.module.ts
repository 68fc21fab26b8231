import { availableParallelism } from 'node:os';
import { type DynamicModule, Inject, Module, type OnApplicationShutdown, type Type } from '@nestjs/common';
import type { CommandsOf } from '@tandem/contracts/catalog';
import { Egress } from '@tandem/egress/egress';
import { policiesOf } from '@tandem/egress/settings';
import { SourceFiles } from '@tandem/job-files/source-files';
import type { Connection } from '@tandem/messaging/connection';
import type { ObjectStore } from '@tandem/storage/object-store';
import { openStore } from '@tandem/storage/open-store';
import { ArchiveDocumentHandler } from './archive-document.js';
import { findChromium } from './browsers/find-chromium.js';
import { PagePool } from './browsers/page-pool.js';
import type { DocumentsConfig } from './config.js';
import { MakeInvoiceHandler } from './make-invoice.js';
import { ContentSource } from './open-content.js';
import { ArchiveProcesses } from './pdf/archive-processes.js';
import { DocumentRenderer } from './render/document-renderer.js';
import { RenderDocumentHandler } from './render-document.js';
import { openTemplates } from './templates/gateway-templates.js';
import { TemplateFiller } from './templates/template-filler.js';
import { DOCUMENTS_CONFIG, OBJECT_STORE, TEMPLATES } from './tokens.js';

/** One handler for each command that the service owns; a missing one is a type error. */
const handlers = {
  'documents.render': RenderDocumentHandler,
  'documents.invoice': MakeInvoiceHandler,
  'documents.archive': ArchiveDocumentHandler,
} satisfies Record<CommandsOf<'documents'>, Type>;

/** The documents service: its handlers, browsers, the object store and its settings. */
@Module({})
export class DocumentsModule implements OnApplicationShutdown {
  constructor(@Inject(PagePool) private readonly pool: PagePool) {}

  onApplicationShutdown(): Promise<void> {
    return this.pool.stop();
  }

  static register(config: DocumentsConfig, connection: Connection): DynamicModule {
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
          useFactory: () =>
            PagePool.start({
              chromium: findChromium(config.CHROMIUM_BIN) ?? 'chromium',
              policies: policiesOf(config),
            }),
        },
        {
          provide: TEMPLATES,
          useFactory: (store: ObjectStore) => openTemplates(connection, store),
          inject: [OBJECT_STORE],
        },
        { provide: TemplateFiller, useFactory: () => new TemplateFiller({ size: availableParallelism() }) },
        ArchiveProcesses,
        {
          provide: DocumentRenderer,
          useFactory: (pool: PagePool) => new DocumentRenderer(pool, { maxMegabytes: config.DOCUMENTS_MAX_MB }),
          inject: [PagePool],
        },
      ],
    };
  }
}

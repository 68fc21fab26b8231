import { type DynamicModule, Inject, Module, type OnApplicationShutdown, type Type } from '@nestjs/common';
import type { CommandsOf } from '@tandem/contracts/catalog';
import { Egress } from '@tandem/egress/egress';
import { policiesOf } from '@tandem/egress/settings';
import { SourceFiles } from '@tandem/job-files/source-files';
import type { ObjectStore } from '@tandem/storage/object-store';
import { openStore } from '@tandem/storage/open-store';
import type { Logger } from '@tandem/telemetry/logger';
import { PagePool } from './browsers/page-pool.js';
import { poolOptions } from './browsers/pool-options.js';
import type { DocumentsConfig } from './config.js';
import { ContentSource } from './open-content.js';
import { DocumentRenderer } from './render/document-renderer.js';
import { RenderDocumentHandler } from './render-document.js';
import { NoTemplates } from './templates/no-templates.js';
import { DOCUMENTS_CONFIG, OBJECT_STORE, TEMPLATES } from './tokens.js';

/** One handler for each command that the service owns; a missing one is a type error. */
const handlers = {
  'documents.render': RenderDocumentHandler,
} satisfies Record<CommandsOf<'documents'>, Type>;

/** The documents service: its handlers, browsers, the object store and its settings. */
@Module({})
export class DocumentsModule implements OnApplicationShutdown {
  constructor(@Inject(PagePool) private readonly pool: PagePool) {}

  onApplicationShutdown(): Promise<void> {
    return this.pool.stop();
  }

  static register(config: DocumentsConfig, logger: Logger): DynamicModule {
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
        { provide: TEMPLATES, useClass: NoTemplates },
        ContentSource,
        {
          provide: PagePool,
          useFactory: () => PagePool.start({ ...poolOptions(config), logger }),
        },
        {
          provide: DocumentRenderer,
          useFactory: (pool: PagePool) => new DocumentRenderer(pool, { maxMegabytes: config.DOCUMENTS_MAX_MB }),
          inject: [PagePool],
        },
      ],
    };
  }
}

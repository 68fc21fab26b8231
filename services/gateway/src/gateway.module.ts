import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { Catalog } from '@tandem/contracts/catalog';
import { Egress } from '@tandem/egress/egress';
import { policiesOf } from '@tandem/egress/settings';
import { CommandPublisher } from '@tandem/messaging/command-publisher';
import type { Connection } from '@tandem/messaging/connection';
import { poolOf } from '@tandem/persistence/database';
import type { ObjectStore } from '@tandem/storage/object-store';
import { StorageClient } from '@tandem/supabase/storage-client';
import { storageEgress } from '@tandem/supabase/storage-egress';
import type { Logger } from '@tandem/telemetry/logger';
import type { DataSource } from 'typeorm';
import { CallbackRules } from './callbacks/accept-callback.js';
import { CallbacksController } from './callbacks/callbacks.controller.js';
import { CallbackDelivery } from './callbacks/deliver-callbacks.js';
import { CallbackResend } from './callbacks/resend-callback.js';
import type { GatewayConfig } from './config.js';
import { Health } from './health/check-health.js';
import { HealthController } from './health/health.controller.js';
import { CallerGuard } from './http/caller.js';
import { ProblemFilter } from './http/problem-filter.js';
import { RateLimit } from './http/rate-limit.js';
import { SigningKeys } from './http/signing-keys.js';
import { TokenVerifier } from './identity/token-verifier.js';
import type { DiskCache } from './images/disk-cache.js';
import { SourceFinder } from './images/find-source.js';
import { ImageCache } from './images/image-cache.js';
import { ImageLinksController } from './images/link-image.js';
import { ImageMaker } from './images/make-image.js';
import { ImageService } from './images/serve-image.js';
import { JobAdmission } from './jobs/admit-job.js';
import { BatchesController } from './jobs/batches.controller.js';
import { BulkReplays } from './jobs/bulk-replays.js';
import { JobCancellation } from './jobs/cancel-jobs.js';
import { CommandForm } from './jobs/command-form.js';
import { CommandsController } from './jobs/commands.controller.js';
import { JobCounter } from './jobs/count-jobs.js';
import { JobDispatcher } from './jobs/dispatch-jobs.js';
import { BatchFinder } from './jobs/find-batches.js';
import { JobFinder } from './jobs/find-jobs.js';
import { JobFollower } from './jobs/follow-job.js';
import { JobRetention } from './jobs/forget-jobs.js';
import { JobsController } from './jobs/jobs.controller.js';
import { CommandPauses } from './jobs/pause-commands.js';
import { ReportProjection } from './jobs/project-reports.js';
import { JobPublication } from './jobs/publish-jobs.js';
import { JobRelease } from './jobs/release-jobs.js';
import { JobReplay } from './jobs/replay-jobs.js';
import { ReplaysController } from './jobs/replays.controller.js';
import { BatchSubmission } from './jobs/submit-batch.js';
import { CommandSubmission, UnknownCommandController } from './jobs/submit-command.js';
import { JobSubmission } from './jobs/submit-job.js';
import { TenantWindows } from './jobs/tenant-windows.js';
import { MediaUploadController } from './media-upload/media-upload.controller.js';
import { MediaUpload } from './media-upload/upload-media.js';
import { ObjectDeletion } from './objects/delete-object.js';
import { ObjectFinder } from './objects/find-objects.js';
import { LinksController } from './objects/links.controller.js';
import { objectParts } from './objects/object-parts.js';
import { ObjectsController } from './objects/objects.controller.js';
import { ObjectUpload } from './objects/upload-object.js';
import { PresetFilling } from './presets/fill-presets.js';
import { PresetFinder } from './presets/find-presets.js';
import { PresetKeeper } from './presets/keep-presets.js';
import type { DeclaredPresets } from './presets/preset-file.js';
import { PresetsController } from './presets/presets.controller.js';
import { ReferenceController } from './reference/reference.controller.js';
import { SupabaseAccess } from './supabase/grant-access.js';
import { PreviewsController } from './templates/previews.controller.js';
import { templateParts } from './templates/template-parts.js';
import { TemplatesController } from './templates/templates.controller.js';

function storageClientOf({ SUPABASE_URL: url, SUPABASE_ANON_KEY: key }: GatewayConfig): StorageClient | undefined {
  return url === undefined ? undefined : new StorageClient(storageEgress(url), url, key);
}

/** What the gateway stands on; opened in `start-gateway.ts`. */
export interface Foundations {
  config: GatewayConfig;
  catalog: Catalog;
  database: DataSource;
  connection: Connection;
  store: ObjectStore;
  verifier: TokenVerifier;
  declaredPresets: DeclaredPresets;
  imageDisk: DiskCache | undefined;
  logger: Logger;
}

const BYTES_PER_MB = 1_000_000;

/** The composition root: which part is made of which. */
@Module({})
export class GatewayModule {
  static register(foundations: Foundations): DynamicModule {
    const { config, catalog, database, connection, store, verifier, declaredPresets, imageDisk, logger } = foundations;
    const pool = poolOf(database);
    const secrets = config.CALLBACK_SECRETS;
    const policies = policiesOf(config);
    const callbacks = new CallbackDelivery(secrets, new Egress(policies), pool, logger);
    const finder = new JobFinder(pool);
    const objects = new ObjectFinder(database);
    const presets = new PresetFinder(declaredPresets, pool, connection);
    const templates = templateParts({ catalog, connection, store, pool, logger });
    const limit = new RateLimit(config.RATE_LIMIT_PER_MINUTE);
    const guard = new CallerGuard(verifier, limit);
    const signingKeys = new SigningKeys(config.SIGNING_KEYS);
    const sources = new SourceFinder(pool, connection);
    const images = new ImageCache(config.IMAGE_CACHE_MEMORY_MB * BYTES_PER_MB, imageDisk);
    const problems = new ProblemFilter(logger);
    const follower = new JobFollower(connection, finder);
    const publication = new JobPublication(connection, new CommandPublisher(connection.nc), pool, logger);
    const windows = new TenantWindows({ least: 16, most: config.TENANT_WINDOW });
    const release = new JobRelease(catalog, connection, windows, publication, pool, logger);
    const submission = new JobSubmission(
      catalog,
      objects,
      new PresetFilling(presets),
      new JobAdmission(pool),
      windows,
      release,
      publication,
      finder,
      new CallbackRules(secrets, policies),
      new SupabaseAccess(storageClientOf(config), config.SUPABASE_SOURCE_HOURS * 3_600),
      templates.filling,
    );
    const deletion = new ObjectDeletion(pool);
    const counter = new JobCounter(pool, logger);
    const replay = new JobReplay(catalog, submission, finder, pool);
    const retention = { failedDays: config.KEEP_FAILED_DAYS, otherDays: config.KEEP_ENDED_DAYS };
    const uploads = new ObjectUpload(store, pool, config.OBJECT_MAX_MB * BYTES_PER_MB);
    const forms = new CommandForm(uploads, deletion);
    const parts = [
      catalog,
      finder,
      publication,
      release,
      submission,
      counter,
      replay,
      new BatchSubmission(submission, pool),
      new BatchFinder(counter, pool),
      new BulkReplays(catalog, finder, replay, pool, logger),
      new CommandPauses(catalog, connection, pool, logger),
      new JobCancellation(connection, finder, pool, logger),
      follower,
      new CommandSubmission(guard, problems, submission, finder, follower, forms),
      new JobDispatcher(catalog, connection, windows, publication, release, pool, logger),
      new JobRetention(retention, pool, logger),
      new ReportProjection(catalog, connection, windows, release, publication, follower, pool, logger),
      presets,
      new PresetKeeper(presets, pool),
      ...Object.values(templates),
      callbacks,
      new CallbackResend(finder, callbacks, pool),
      limit,
      ...objectParts({ config, pool, store, logger, finder: objects, uploads, signingKeys, guard, problems }),
      sources,
      images,
      new ImageService({
        guard,
        problems,
        keys: signingKeys,
        sources,
        presets,
        cache: images,
        maker: new ImageMaker(config.IMAGE_CONCURRENCY, connection, store),
        takesFreeOptions: config.IMAGE_FREE_OPTIONS,
      }),
      new MediaUpload(uploads, objects, deletion, submission, finder, pool),
      new Health(pool, connection, store, catalog),
    ];
    return {
      module: GatewayModule,
      controllers: [
        JobsController,
        CallbacksController,
        BatchesController,
        ReplaysController,
        CommandsController,
        UnknownCommandController,
        ObjectsController,
        LinksController,
        MediaUploadController,
        PresetsController,
        TemplatesController,
        PreviewsController,
        ImageLinksController,
        HealthController,
        ReferenceController,
      ],
      providers: [
        ...parts.map((part) => ({ provide: part.constructor, useValue: part })),
        { provide: APP_GUARD, useValue: guard },
        { provide: APP_FILTER, useValue: problems },
      ],
    };
  }
}

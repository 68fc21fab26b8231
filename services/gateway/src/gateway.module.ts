import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { Catalog } from '@tandem/contracts/catalog';
import { CommandPublisher } from '@tandem/messaging/command-publisher';
import type { Connection } from '@tandem/messaging/connection';
import { poolOf } from '@tandem/persistence/database';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { Logger } from '@tandem/telemetry/logger';
import type { DataSource } from 'typeorm';
import type { GatewayConfig } from './config.js';
import { Health } from './health/check-health.js';
import { HealthController } from './health/health.controller.js';
import { CallerGuard } from './http/caller.js';
import { ProblemFilter } from './http/problem-filter.js';
import { RateLimit } from './http/rate-limit.js';
import { TokenVerifier } from './identity/token-verifier.js';
import { JobAdmission } from './jobs/admit-job.js';
import { JobDispatcher } from './jobs/dispatch-jobs.js';
import { JobFinder } from './jobs/find-jobs.js';
import { JobFollower } from './jobs/follow-job.js';
import { JobsController } from './jobs/jobs.controller.js';
import { ReportProjection } from './jobs/project-reports.js';
import { JobPublication } from './jobs/publish-jobs.js';
import { CommandSubmission, UnknownCommandController } from './jobs/submit-command.js';
import { ObjectDownload } from './objects/download-object.js';
import { ObjectFinder } from './objects/find-objects.js';
import { ObjectsController } from './objects/objects.controller.js';
import { ObjectUpload } from './objects/upload-object.js';
import { ReferenceController } from './reference/reference.controller.js';

/** What the gateway stands on; opened in `start-gateway.ts`. */
export interface Foundations {
  config: GatewayConfig;
  catalog: Catalog;
  database: DataSource;
  connection: Connection;
  store: ObjectStore;
  verifier: TokenVerifier;
  logger: Logger;
}

const BYTES_PER_MB = 1_000_000;

/** The composition root: which part is made of which. */
@Module({})
export class GatewayModule {
  static register({ config, catalog, database, connection, store, verifier, logger }: Foundations): DynamicModule {
    const pool = poolOf(database);
    const finder = new JobFinder(database, pool);
    const guard = new CallerGuard(verifier, new RateLimit(config.RATE_LIMIT_PER_MINUTE));
    const problems = new ProblemFilter(logger);
    const objects = new ObjectFinder(database);
    const admission = new JobAdmission(pool);
    const follower = new JobFollower(connection, finder);
    const publication = new JobPublication(connection, new CommandPublisher(connection.nc), pool, logger);
    const parts = [
      catalog,
      finder,
      publication,
      follower,
      new CommandSubmission(guard, problems, objects, admission, publication, finder, follower),
      new JobDispatcher(catalog, connection, publication, pool, logger),
      new ReportProjection(catalog, connection, pool, logger),
      objects,
      new ObjectUpload(store, database, config.OBJECT_MAX_MB * BYTES_PER_MB),
      new ObjectDownload(store),
      new Health(pool, connection, store, catalog),
    ];
    return {
      module: GatewayModule,
      controllers: [UnknownCommandController, JobsController, ObjectsController, HealthController, ReferenceController],
      providers: [
        ...parts.map((part) => ({ provide: part.constructor, useValue: part })),
        { provide: APP_GUARD, useValue: guard },
        { provide: APP_FILTER, useValue: problems },
      ],
    };
  }
}

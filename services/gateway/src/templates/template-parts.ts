import type { Catalog } from '@tandem/contracts/catalog';
import type { Connection } from '@tandem/messaging/connection';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';
import { DataChecks } from './check-data.js';
import { TemplateFilling } from './fill-templates.js';
import { TemplateFinder } from './find-templates.js';
import { TemplateKeeper } from './keep-templates.js';
import { TemplatePreview } from './preview-template.js';
import { TemplatePurge } from './purge-templates.js';

/** The composition of everything that deals with templates. */
export function templateParts(foundations: {
  catalog: Catalog;
  connection: Connection;
  store: ObjectStore;
  pool: Pool;
  logger: Logger;
}) {
  const { catalog, connection, store, pool, logger } = foundations;
  const finder = new TemplateFinder(pool, connection);
  const checks = new DataChecks();
  return {
    finder,
    keeper: new TemplateKeeper(finder, pool),
    filling: new TemplateFilling(finder, checks),
    preview: new TemplatePreview(finder, checks, connection, store),
    purge: new TemplatePurge(catalog, pool, logger),
  };
}

import { createHash } from 'node:crypto';
import { objectKey } from '@tandem/contracts/object';
import { GetTemplate } from '@tandem/contracts/template';
import { QueryServer } from '@tandem/messaging/answer-query';
import type { Connection } from '@tandem/messaging/connection';
import { Rejected } from '@tandem/messaging/outcome';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { Logger } from '@tandem/telemetry/logger';
import type { TemplateFinder } from './find-templates.js';

const CONCURRENCY = 8;

/**
 * Answers `gateway.template`: one version of a template for a worker. A bundle too large for a message goes to the object
 * store under its content key; it is registered nowhere, so the store's search for orphans takes it away again.
 */
export function answerGetTemplate(options: {
  connection: Connection;
  store: ObjectStore;
  finder: TemplateFinder;
  logger: Logger;
}): QueryServer<typeof GetTemplate> {
  const { connection, store, finder, logger } = options;
  return new QueryServer({
    connection,
    query: GetTemplate,
    concurrency: CONCURRENCY,
    logger,
    handler: async ({ data: { tenant, template } }) => {
      const found = await finder.bundle(tenant, template);
      if (!found)
        throw new Rejected(
          'not_found',
          `The template ${template} is no longer there. Submit the job with another one.`,
        );
      return { result: { sha256: found.sha256 }, body: found.json };
    },
    storeBody: async (body, { tenant }) => {
      const key = objectKey(tenant, createHash('sha256').update(body).digest('hex'));
      await store.write(key, body);
      return key;
    },
  });
}

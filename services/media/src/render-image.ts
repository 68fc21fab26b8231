import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { objectKey } from '@tandem/contracts/object';
import { RenderImage } from '@tandem/contracts/render-image';
import { QueryServer } from '@tandem/messaging/answer-query';
import type { Connection } from '@tandem/messaging/connection';
import type { Stragglers } from '@tandem/runtime/stragglers';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { Logger } from '@tandem/telemetry/logger';
import type { ImageWorkshop } from './image-workshop.js';
import { renderOne } from './render-one.js';

/** What the answers need from their process. */
export interface RenderImageOptions {
  connection: Connection;
  store: ObjectStore;
  workshop: ImageWorkshop;
  /** Images at once; 0 means one for each core. */
  concurrency: number;
  logger: Logger;
  stragglers?: Pick<Stragglers, 'watch'>;
}

/**
 * Answers `media.render`: one image for somebody who waits. An image too large for a message goes to the object store under
 * its content key; it is registered nowhere, so the store's search for orphans takes it away again.
 */
export function answerRenderImage({ store, workshop, concurrency, ...rest }: RenderImageOptions) {
  return new QueryServer({
    ...rest,
    query: RenderImage,
    concurrency: concurrency || availableParallelism(),
    handler: async ({ data, signal }) => {
      const { objects = {}, ...image } = data;
      const { data: body, format, width, height } = await renderOne(workshop, { ...image, objects, signal });
      return { result: { type: `image/${format}`, width, height }, body };
    },
    storeBody: async (body, { tenant }) => {
      const key = objectKey(tenant, createHash('sha256').update(body).digest('hex'));
      await store.write(key, body);
      return key;
    },
  });
}

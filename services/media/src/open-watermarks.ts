import { objectsIn } from '@tandem/contracts/image-options';
import type { Rendition } from '@tandem/contracts/media';
import type { JobContext } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import type { ImageWorkshop } from './image-workshop.js';
import type { SourceImage } from './source-image.js';

/** The images of watermarks, by the ids of their objects; disposing of it removes what was fetched for them. */
export interface OpenedWatermarks extends AsyncDisposable {
  watermarks: Record<string, SourceImage>;
}

/** Brings the images here that renditions lay over the source, each once, checked as sources are. */
export async function openWatermarks(
  renditions: readonly Rendition[],
  workshop: ImageWorkshop,
  { objects }: Pick<JobContext, 'objects'>,
  signal: AbortSignal,
): Promise<OpenedWatermarks> {
  const files = new AsyncDisposableStack();
  const watermarks: Record<string, SourceImage> = {};
  try {
    for (const { id } of renditions.flatMap(objectsIn)) {
      if (!watermarks[id]) watermarks[id] = files.use(await workshop.openObject(objects[id], signal)).source;
    }
  } catch (error) {
    await files.disposeAsync();
    if (!(error instanceof Rejected)) throw error;
    throw new Rejected(error.code, `Watermark: ${error.detail}`, { cause: error });
  }
  return { watermarks, [Symbol.asyncDispose]: () => files.disposeAsync() };
}

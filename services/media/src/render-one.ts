import type { ImageFormat, ImageOptions } from '@tandem/contracts/image-options';
import type { StoredObject } from '@tandem/contracts/object';
import type { RenderedImage } from './image-process.js';
import type { ImageWorkshop } from './image-workshop.js';
import { openWatermarks } from './open-watermarks.js';
import { planRenditions } from './plan-renditions.js';

/** One image to make. */
export interface OneImage {
  source: StoredObject;
  options: ImageOptions;
  /** The objects that the options name, by id. */
  objects: Readonly<Record<string, StoredObject>>;
  signal: AbortSignal;
}

/** Makes one image from an object. Throws `Rejected` for a source or options that cannot be. */
export async function renderOne(
  workshop: ImageWorkshop,
  { source: object, options, objects, signal }: OneImage,
): Promise<RenderedImage & { format: ImageFormat }> {
  const { maxMegapixels } = workshop;
  const renditions = [{ ...options, name: 'image' }];
  await using opened = await workshop.openObject(object, signal);
  await using marks = await openWatermarks(renditions, workshop, { objects }, signal);
  const { source } = opened;
  const plan = planRenditions(source, renditions, { placeholders: false, maxMegapixels });
  const task = { source, plan, maxMegapixels, watermarks: marks.watermarks };
  const made: RenderedImage[] = [];
  await workshop.work('transform', task, plan.pixels, { signal, onNote: (image) => void made.push(image) });
  return { ...made[0]!, format: plan.renditions[0]!.rendition.format };
}

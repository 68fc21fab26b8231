import type { Compass, ImageOptions } from '@tandem/contracts/image-options';
import type { Region, Size } from './layout.js';
import { type Pixels, pipelineOf } from './pixels.js';

type Gravity = NonNullable<ImageOptions['gravity']>;

/** Where a `part` lies in a `whole` when it is put to a point of the compass. */
export function placeByCompass(compass: Compass, whole: Size, part: Size): Region {
  const spare = { width: whole.width - part.width, height: whole.height - part.height };
  const share = (before: string, after: string) => (compass.includes(before) ? 0 : compass.includes(after) ? 1 : 0.5);
  const [left, top] = [spare.width * share('west', 'east'), spare.height * share('north', 'south')];
  return { left: Math.floor(left), top: Math.floor(top), width: part.width, height: part.height };
}

/** The part of an image that stays when it is cropped to `part`. `look` is asked only where the content decides. */
export async function placeByGravity(
  gravity: Gravity,
  whole: Size,
  part: Size,
  look: () => Promise<Pixels>,
): Promise<Region> {
  if (gravity === 'entropy' || gravity === 'attention') return placeByContent(gravity, await look(), part);
  if (typeof gravity === 'string') return placeByCompass(gravity, whole, part);
  const around = (point: number, most: number, length: number) =>
    Math.min(most - length, Math.max(0, Math.round(point * most - length / 2)));
  return {
    left: around(gravity.x, whole.width, part.width),
    top: around(gravity.y, whole.height, part.height),
    ...part,
  };
}

async function placeByContent(position: 'entropy' | 'attention', pixels: Pixels, part: Size): Promise<Region> {
  const { info } = await pipelineOf(pixels)
    .resize(part.width, part.height, { fit: 'cover', position })
    .raw()
    .toBuffer({ resolveWithObject: true });
  // Counted from the part's corner; absent when there was nothing to cut.
  return { left: -(info.cropOffsetLeft ?? 0), top: -(info.cropOffsetTop ?? 0), ...part };
}

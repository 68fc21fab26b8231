/**
 * What runs in an image process (`image-processes.ts` starts them): everything that touches the bytes of an image. A
 * file that crashes a decoder, keeps it busy for ever or fills the memory takes down this process and nothing else.
 */
import { decode } from './decode.js';
import { describeImage, type ImageDescription } from './describe-image.js';
import type { Encoded } from './encode-image.js';
import { configureLibvips } from './libvips.js';
import { type Placeholder, placeholderOf } from './placeholder.js';
import type { Plan } from './plan-renditions.js';
import { render } from './render.js';
import { openImage, type SourceImage } from './source-image.js';
import { twoAtATime } from './two-at-a-time.js';

configureLibvips();

/** An image whose header was read, to be worked on within the limits. */
export interface ImageTask {
  source: SourceImage;
  maxMegapixels: number;
}

/** Reads the header of the image at `path`, within the limits. */
export function open({ path, maxMegapixels }: { path: string; maxMegapixels: number }): Promise<SourceImage> {
  return openImage(path, maxMegapixels);
}

/** Tells what an image is. */
export function inspect({ source, maxMegapixels }: ImageTask): Promise<ImageDescription> {
  return describeImage(source, maxMegapixels);
}

/** What {@link transform} makes. */
export interface TransformTask extends ImageTask {
  plan: Plan;
}

/** An encoded rendition, and which of the plan it is. */
export interface RenderedImage extends Encoded {
  index: number;
}

/** Decodes once and tells each rendition as it is ready; answers the placeholder. */
export async function transform(
  { source, plan, maxMegapixels }: TransformTask,
  tell: (image: RenderedImage) => void,
): Promise<Placeholder | undefined> {
  const pixels = await decode(source, plan.workingSize, maxMegapixels);
  await twoAtATime(plan.renditions, async ({ rendition, layout }, index) =>
    tell({ index, ...(await render(pixels, rendition, layout)) }),
  );
  return plan.placeholder && placeholderOf(pixels, plan.placeholder);
}

/**
 * What runs in an image process (`image-processes.ts` starts them): everything that touches the bytes of an image. A
 * file that crashes a decoder, keeps it busy for ever or fills the memory takes down this process and nothing else.
 */
import { allocatorInUse } from './allocator.js';
import { decode } from './decode.js';
import { configureLibvips } from './libvips.js';
import { type Placeholder, placeholderOf } from './placeholder.js';
import type { Plan } from './plan-renditions.js';
import { render } from './render.js';
import { openImage, type SourceImage } from './source-image.js';
import { twoAtATime } from './two-at-a-time.js';

configureLibvips();

/** Which allocator this process has; it is asked when the service starts. */
export function allocator(_: undefined): ReturnType<typeof allocatorInUse> {
  return allocatorInUse();
}

/** Reads the header of the image at `path`, within the limits. */
export function open({ path, maxMegapixels }: { path: string; maxMegapixels: number }): Promise<SourceImage> {
  return openImage(path, maxMegapixels);
}

/** What {@link transform} makes. */
export interface TransformTask {
  source: SourceImage;
  plan: Plan;
  maxMegapixels: number;
}

/** An encoded rendition, and which of the plan it is. */
export interface RenderedImage {
  index: number;
  data: Buffer;
}

/** Decodes once and tells each rendition as it is ready; answers the placeholder. */
export async function transform(
  { source, plan, maxMegapixels }: TransformTask,
  tell: (image: RenderedImage) => void,
): Promise<Placeholder | undefined> {
  const pixels = await decode(source, plan.workingSize, maxMegapixels);
  await twoAtATime(plan.renditions, async ({ rendition, layout }, index) =>
    tell({ index, data: await render(pixels, rendition, layout) }),
  );
  return plan.placeholder && placeholderOf(pixels, plan.placeholder);
}

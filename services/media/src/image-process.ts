/**
 * What runs in an image process (`image-processes.ts` starts them): everything that touches the bytes of an image. A
 * file that crashes a decoder, keeps it busy for ever or fills the memory takes down this process and nothing else.
 */
import { Rejected } from '@tandem/messaging/outcome';
import { allocatorInUse } from './allocator.js';
import { decode, decodeFrames, pipelineFrom } from './decode.js';
import { describeImage, type ImageDescription } from './describe-image.js';
import type { Encoded } from './encode-image.js';
import { unreadable } from './image-errors.js';
import type { Size } from './layout.js';
import { configureLibvips } from './libvips.js';
import type { Materials } from './materials.js';
import { type Optimized, type OptimizeOptions, optimizeFile } from './optimize-file.js';
import { type Placeholder, placeholderOf } from './placeholder.js';
import type { Plan, PlannedRendition } from './plan-renditions.js';
import { render, renderFrames } from './render.js';
import { openImage, type SourceImage } from './source-image.js';
import { twoAtATime } from './two-at-a-time.js';

configureLibvips();

/** Which allocator this process has; it is asked when the service starts. */
export function allocator(_: undefined): ReturnType<typeof allocatorInUse> {
  return allocatorInUse();
}

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

/** Makes an image smaller in its own format. */
export function optimize({ source, ...options }: ImageTask & OptimizeOptions): Promise<Optimized> {
  return optimizeFile(source, options);
}

/** What {@link transform} makes. */
export interface TransformTask extends ImageTask {
  plan: Plan;
  /** Images of watermarks, by the ids of their objects. */
  watermarks?: Record<string, SourceImage>;
}

/** An encoded rendition, and which of the plan it is. */
export interface RenderedImage extends Encoded {
  index: number;
}

/** Decodes once for each space of colours and tells each rendition as it is ready; answers the placeholder. */
export async function transform(
  { source, plan, maxMegapixels, watermarks = {} }: TransformTask,
  tell: (image: RenderedImage) => void,
): Promise<Placeholder | undefined> {
  const { workingSize: sizes } = plan;
  const materials = { source, watermarks, maxMegapixels };
  const srgb = sizes.srgb && (await decode(source, sizes.srgb, maxMegapixels));
  const own = sizes.own && (await decode(source, sizes.own, maxMegapixels, 'own'));
  const strip = sizes.frames && (await decodeFrames(source, maxMegapixels));
  const make = (planned: PlannedRendition): Promise<Encoded> => {
    if (planned.origin === 'frames') return renderFrames(strip!, planned, materials);
    if (planned.origin === 'file') return renderFile(planned, sizes.file!, materials);
    return render((planned.origin === 'own' ? own : srgb)!, planned, materials);
  };
  await twoAtATime(plan.renditions, async (planned, index) => tell({ index, ...(await make(planned)) }));
  return plan.placeholder && placeholderOf(srgb!, plan.placeholder);
}

async function renderFile(planned: PlannedRendition, size: Size, materials: Materials): Promise<Encoded> {
  const { source, maxMegapixels } = materials;
  try {
    return await render(pipelineFrom(source, size, maxMegapixels), planned, materials);
  } catch (error) {
    throw error instanceof Rejected ? error : unreadable(source.format, error);
  }
}

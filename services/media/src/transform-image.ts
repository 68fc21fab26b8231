import { createHash } from 'node:crypto';
import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { type Rendition, type RenditionResult, TransformImage } from '@tandem/contracts/media';
import { objectKey } from '@tandem/contracts/object';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { MediaConfig } from './config.js';
import { decode } from './decode.js';
import { checkPixels } from './image-errors.js';
import { type Layout, layoutOf, type Size, workingSize } from './layout.js';
import { PixelBudget } from './pixel-budget.js';
import { PLACEHOLDER_SIDE, placeholderOf } from './placeholder.js';
import { readSource } from './read-source.js';
import { checkFormatHolds, render } from './render.js';
import { renditionId } from './rendition-id.js';
import { inspect } from './source-image.js';
import { MEDIA_CONFIG, OBJECT_STORE } from './tokens.js';
import { twoAtATime } from './two-at-a-time.js';

type Context = CommandContext<typeof TransformImage>;
type Output = OutputOf<typeof TransformImage>;
type Planned = { rendition: Rendition; layout: Layout };

/** Decodes an image once and makes all renditions of it. Running it again gives the same ids and bytes. */
@Controller()
export class TransformImageHandler implements CommandHandler<typeof TransformImage> {
  readonly #budget: PixelBudget;

  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
  ) {
    this.#budget = new PixelBudget(config.MEDIA_MEMORY_MEGAPIXELS * 1_000_000);
  }

  @HandleCommand(TransformImage)
  async handle({ data, job, signal, progress }: Context): Promise<Output> {
    const { MEDIA_MAX_MEGAPIXELS: maxMegapixels, MEDIA_TIMEOUT_S: seconds } = this.config;
    const svgLimits = { seconds: this.config.MEDIA_SVG_TIMEOUT_S, signal };
    const bytes = await readSource(this.store, job.objects[data.source.object ?? ''], this.config.MEDIA_MAX_MB);
    const source = await inspect(bytes, maxMegapixels, svgLimits);
    const vector = source.format === 'svg';
    const planned = data.renditions.map((rendition) => plan(rendition, source.size, vector, maxMegapixels));
    const preview = layoutOf(source.size, { width: PLACEHOLDER_SIDE, height: PLACEHOLDER_SIDE, fit: 'inside' }, vector);
    const size = workingSize(source.size, [preview, ...planned.map(({ layout }) => layout)], vector);

    using _room = await this.#budget.take(Math.max(area(source.size), area(size)), signal);
    const pixels = await decode(source, size, { seconds, maxMegapixels, svgLimits });
    const placeholder = await placeholderOf(pixels, preview.output);
    let done = 0;
    const renditions = await twoAtATime(planned, async ({ rendition, layout }) => {
      signal.throwIfAborted();
      const image = await render(pixels, rendition, layout, seconds);
      signal.throwIfAborted();
      const result = await this.#keep(image, job, rendition, layout.output);
      progress(++done / planned.length, rendition.name);
      return result;
    });
    const format = source.format === 'heif' ? 'avif' : source.format;
    return { source: { ...source.size, format }, renditions, ...placeholder };
  }

  async #keep(
    image: Buffer,
    job: Context['job'],
    { name, format = 'webp' }: Rendition,
    size: Size,
  ): Promise<RenditionResult> {
    const sha256 = createHash('sha256').update(image).digest('hex');
    const key = objectKey(job.tenant, sha256);
    await this.store.write(key, image);
    return {
      id: renditionId(job.id, name),
      key,
      size: image.length,
      type: `image/${format}`,
      sha256,
      name,
      format,
      ...size,
    };
  }
}

function plan(rendition: Rendition, source: Size, vector: boolean, maxMegapixels: number): Planned {
  const layout = layoutOf(source, rendition, vector);
  // `cover` may scale a narrow image far beyond its box before it crops.
  for (const size of [layout.scaled, layout.output])
    checkPixels(`Rendition "${rendition.name}"`, size, 1, maxMegapixels);
  checkFormatHolds(rendition, layout);
  return { rendition, layout };
}

function area({ width, height }: Size): number {
  return width * height;
}

import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { type RenditionResult, TransformImage } from '@tandem/contracts/media';
import { storeResult } from '@tandem/job-files/store-result';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { RenderedImage } from './image-process.js';
import { ImageWorkshop } from './image-workshop.js';
import { keepImage } from './keep-image.js';
import { openWatermarks } from './open-watermarks.js';
import { planRenditions } from './plan-renditions.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof TransformImage>;
type Output = OutputOf<typeof TransformImage>;

/** Decodes an image once and makes all renditions of it. Running it again gives the same ids and bytes. */
@Controller()
export class TransformImageHandler implements CommandHandler<typeof TransformImage> {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(ImageWorkshop) private readonly workshop: ImageWorkshop,
  ) {}

  @HandleCommand(TransformImage)
  async handle({ data, job, signal, progress }: Context): Promise<Output> {
    const { maxMegapixels } = this.workshop;
    await using opened = await this.workshop.open(data.source, job, signal);
    await using marks = await openWatermarks(data.renditions, this.workshop, job, signal);
    const { source } = opened;
    const { watermarks } = marks;
    const plan = planRenditions(source, data.renditions, { placeholders: data.placeholders, maxMegapixels });
    const kept: Promise<RenditionResult>[] = [];
    let done = 0;
    const keep = ({ index, ...image }: RenderedImage): Promise<RenditionResult> => {
      const { name, format } = plan.renditions[index]!.rendition;
      progress(++done / plan.renditions.length, name);
      return keepImage(this.store, job, name, { ...image, format }).then(async (result) => {
        if (data.store) await storeResult(data.store, job, name, { data: image.data, type: `image/${format}`, signal });
        return { ...result, name };
      });
    };
    const task = { source, plan, maxMegapixels, watermarks };
    const placeholder = await this.workshop.work('transform', task, plan.pixels, {
      signal,
      onNote: (image) => {
        const result = keep(image);
        // Looked at when the work has ended, which may be by its own failure.
        result.catch(() => {});
        kept[image.index] = result;
      },
    });
    const format = source.format === 'heif' ? 'avif' : source.format;
    return { source: { ...source.size, format }, renditions: await Promise.all(kept), ...placeholder };
  }
}

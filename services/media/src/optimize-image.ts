import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { OptimizeImage } from '@tandem/contracts/media';
import { storeResult } from '@tandem/job-files/store-result';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import { ImageWorkshop } from './image-workshop.js';
import { keepImage } from './keep-image.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof OptimizeImage>;
type Output = OutputOf<typeof OptimizeImage>;

/** What the result is called where it is stored. */
const NAME = 'optimized';

/** Makes an image smaller in its own format. Running it again gives the same id and bytes. */
@Controller()
export class OptimizeImageHandler implements CommandHandler<typeof OptimizeImage> {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(ImageWorkshop) private readonly workshop: ImageWorkshop,
  ) {}

  @HandleCommand(OptimizeImage)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { maxMegapixels } = this.workshop;
    await using opened = await this.workshop.open(data.source, job, signal);
    const { source } = opened;
    const task = { source, maxMegapixels, maxBytes: data.maxBytes, metadata: data.metadata };
    // Decoded, and once more for the judgement of what was made of it.
    const pixels = 2 * source.size.width * source.size.height * source.frames;
    const { size, image } = await this.workshop.work('optimize', task, pixels, { signal });
    const format = source.format === 'heif' ? 'avif' : source.format;
    const view = { ...source.size, format, size };
    if (!image) return { source: view, saved: { bytes: 0, percent: 0 } };
    const bytes = size - image.data.length;
    const saved = { bytes, percent: Math.round((bytes / size) * 1_000) / 10 };
    const kept = await keepImage(this.store, job, NAME, image);
    if (data.store)
      await storeResult(data.store, job, NAME, { data: image.data, type: `image/${image.format}`, signal });
    return { source: view, image: kept, saved };
  }
}

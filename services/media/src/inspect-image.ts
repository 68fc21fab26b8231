import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { InspectImage } from '@tandem/contracts/media';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { ImageWorkshop } from './image-workshop.js';

type Context = CommandContext<typeof InspectImage>;
type Output = OutputOf<typeof InspectImage>;

/** Tells what an image is. Nothing is stored. */
@Controller()
export class InspectImageHandler implements CommandHandler<typeof InspectImage> {
  constructor(@Inject(ImageWorkshop) private readonly workshop: ImageWorkshop) {}

  @HandleCommand(InspectImage)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { maxMegapixels } = this.workshop;
    await using opened = await this.workshop.open(data.source, job, signal);
    const { source } = opened;
    const pixels = source.size.width * source.size.height;
    return this.workshop.work('inspect', { source, maxMegapixels }, pixels, { signal });
  }
}

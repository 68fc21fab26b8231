import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { WatermarkPdf } from '@tandem/contracts/pdf-pages';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { PageWorkshop } from './pdf/page-workshop.js';

type Context = CommandContext<typeof WatermarkPdf>;
type Output = OutputOf<typeof WatermarkPdf>;

/** Lays a watermark on pages of a PDF. Running it again gives the same id and bytes. */
@Controller()
export class WatermarkPdfHandler implements CommandHandler<typeof WatermarkPdf> {
  constructor(@Inject(PageWorkshop) private readonly workshop: PageWorkshop) {}

  @HandleCommand(WatermarkPdf)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, watermark, pages: ranges, store } = data;
    await using file = await this.workshop.open(source, job, signal);
    const named = watermark.image ?? watermark.pdf;
    await using mark = named && (await this.workshop.openObject(named.object, job, signal));
    const task = { path: file.path, password: source.password, watermark, filePath: mark?.path, pages: ranges };
    const { warnings, ...made } = await this.workshop.run('watermark', task, { signal });
    return { document: await this.workshop.keep(job, 'watermarked', made, { store, signal }), warnings };
  }
}

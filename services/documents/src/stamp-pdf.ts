import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { StampPdf } from '@tandem/contracts/pdf-pages';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { dayOf } from './pdf/day-of-job.js';
import { PageWorkshop } from './pdf/page-workshop.js';

type Context = CommandContext<typeof StampPdf>;
type Output = OutputOf<typeof StampPdf>;

/** Writes page numbers and other text on pages of a PDF. Running it again gives the same id and bytes. */
@Controller()
export class StampPdfHandler implements CommandHandler<typeof StampPdf> {
  constructor(@Inject(PageWorkshop) private readonly workshop: PageWorkshop) {}

  @HandleCommand(StampPdf)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, store, date = dayOf(job.id), ...stamping } = data;
    await using file = await this.workshop.open(source, job, signal);
    const task = { ...stamping, date, path: file.path, password: source.password };
    const { warnings, ...made } = await this.workshop.run('stamp', task, { signal });
    return { document: await this.workshop.keep(job, 'stamped', made, { store, signal }), warnings };
  }
}

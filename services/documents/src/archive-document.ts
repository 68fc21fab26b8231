import { Controller, Inject } from '@nestjs/common';
import { ARCHIVE, ArchiveDocument } from '@tandem/contracts/archive-document';
import type { OutputOf } from '@tandem/contracts/command';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { timeOf } from './pdf/day-of-job.js';
import { PageWorkshop } from './pdf/page-workshop.js';

type Context = CommandContext<typeof ArchiveDocument>;
type Output = OutputOf<typeof ArchiveDocument>;

/** Makes a PDF/A-2b or PDF/UA-1 of a PDF. Running it again gives the same id and bytes. */
@Controller()
export class ArchiveDocumentHandler implements CommandHandler<typeof ArchiveDocument> {
  constructor(@Inject(PageWorkshop) private readonly workshop: PageWorkshop) {}

  @HandleCommand(ArchiveDocument)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, metadata = {}, standards, store } = data;
    await using file = await this.workshop.open(source, job, signal);
    const task = { path: file.path, password: source.password, metadata, standards, now: timeOf(job.id) };
    const { changes, ...made } = await this.workshop.run('archive', task, { signal });
    const document = await this.workshop.keep(job, ARCHIVE, made, { store, signal });
    return { document, changes: changes.slice(0, 100) };
  }
}

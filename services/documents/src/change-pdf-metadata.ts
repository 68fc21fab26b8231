import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { ChangePdfMetadata } from '@tandem/contracts/pdf-pages';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { PageWorkshop } from './pdf/page-workshop.js';

type Context = CommandContext<typeof ChangePdfMetadata>;
type Output = OutputOf<typeof ChangePdfMetadata>;

/** Reads metadata of a PDF, and changes it. Running it again gives the same id and bytes. */
@Controller()
export class ChangePdfMetadataHandler implements CommandHandler<typeof ChangePdfMetadata> {
  constructor(@Inject(PageWorkshop) private readonly workshop: PageWorkshop) {}

  @HandleCommand(ChangePdfMetadata)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, changes, store } = data;
    await using file = await this.workshop.open(source, job, signal);
    const task = { path: file.path, password: source.password, changes };
    const { data: made, metadata, warnings } = await this.workshop.run('metadata', task, { signal });
    if (!made) return { metadata, warnings };
    const pdf = { data: made, pages: metadata.pages };
    return { metadata, document: await this.workshop.keep(job, 'document', pdf, { store, signal }), warnings };
  }
}

import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { AttachToPdf } from '@tandem/contracts/pdf-pages';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { PageWorkshop } from './pdf/page-workshop.js';

type Context = CommandContext<typeof AttachToPdf>;
type Output = OutputOf<typeof AttachToPdf>;

/** Puts files into a PDF. Running it again gives the same id and bytes. */
@Controller()
export class AttachToPdfHandler implements CommandHandler<typeof AttachToPdf> {
  constructor(@Inject(PageWorkshop) private readonly workshop: PageWorkshop) {}

  @HandleCommand(AttachToPdf)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, store } = data;
    await using opened = new AsyncDisposableStack();
    const file = opened.use(await this.workshop.open(source, job, signal));
    const files = [];
    for (const { object, ...attachment } of data.attachments) {
      const { path } = opened.use(await this.workshop.openObject(object, job, signal));
      files.push({ ...attachment, path, type: job.objects[object]!.type });
    }
    const task = { path: file.path, password: source.password, files };
    const { warnings, attachments, ...made } = await this.workshop.run('attach', task, { signal });
    return { document: await this.workshop.keep(job, 'attached', made, { store, signal }), attachments, warnings };
  }
}

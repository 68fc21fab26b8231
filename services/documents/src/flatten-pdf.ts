import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { FlattenPdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import { keepPdf } from './pdf/keep-pdf.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof FlattenPdf>;
type Output = OutputOf<typeof FlattenPdf>;

/** Draws form fields and annotations into the pages of a PDF. Links stay, scripts do not. Running it again gives the same id and bytes. */
@Controller()
export class FlattenPdfHandler implements CommandHandler<typeof FlattenPdf> {
  constructor(
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(PdfWorkshop) private readonly workshop: PdfWorkshop,
  ) {}

  @HandleCommand(FlattenPdf)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, store } = data;
    await using opened = await this.workshop.open(source, job, signal);
    const made = await opened.desk.flatten(opened.pdf);
    return { document: await keepPdf(this.objects, job, 'flattened', made, { store, signal }) };
  }
}

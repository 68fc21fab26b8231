import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { UnlockPdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import { keepPdf } from './pdf/keep-pdf.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof UnlockPdf>;
type Output = OutputOf<typeof UnlockPdf>;

/** Removes encryption and restrictions from a PDF. Running it again gives the same id and bytes. */
@Controller()
export class UnlockPdfHandler implements CommandHandler<typeof UnlockPdf> {
  constructor(
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(PdfWorkshop) private readonly workshop: PdfWorkshop,
  ) {}

  @HandleCommand(UnlockPdf)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, store } = data;
    await using opened = await this.workshop.open(source, job, signal);
    const made = await opened.desk.rewrite(opened.pdf, { decrypt: '' });
    return { document: await keepPdf(this.objects, job, 'unlocked', made, { store, signal }) };
  }
}

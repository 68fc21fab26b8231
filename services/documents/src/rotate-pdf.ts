import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { RotatePdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import { keepPdf } from './pdf/keep-pdf.js';
import { qpdfRange, selectPages } from './pdf/page-selection.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof RotatePdf>;
type Output = OutputOf<typeof RotatePdf>;

/** Turns pages of a PDF. Encryption is kept. Running it again gives the same id, and the same bytes unless it is encrypted. */
@Controller()
export class RotatePdfHandler implements CommandHandler<typeof RotatePdf> {
  constructor(
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(PdfWorkshop) private readonly workshop: PdfWorkshop,
  ) {}

  @HandleCommand(RotatePdf)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, angle, absolute, store } = data;
    await using opened = await this.workshop.open(source, job, signal);
    const { desk, pdf } = opened;
    const pages = qpdfRange(selectPages(data.pages, pdf.pages, 'pages'));
    const made = await desk.rewrite(pdf, { rotate: `${absolute ? '' : '+'}${angle}:${pages}` });
    return { document: await keepPdf(this.objects, job, 'rotated', made, { store, signal }) };
  }
}

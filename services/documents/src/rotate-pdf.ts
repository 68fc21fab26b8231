import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { RotatePdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { qpdfRange, selectPages } from './pdf/page-selection.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';

type Context = CommandContext<typeof RotatePdf>;
type Output = OutputOf<typeof RotatePdf>;

/** Turns pages of a PDF. Encryption is kept. Running it again gives the same id, and the same bytes unless it is encrypted. */
@Controller()
export class RotatePdfHandler implements CommandHandler<typeof RotatePdf> {
  constructor(@Inject(PdfWorkshop) private readonly workshop: PdfWorkshop) {}

  @HandleCommand(RotatePdf)
  handle(context: Context): Promise<Output> {
    const { angle, absolute, pages } = context.data;
    return this.workshop.change(context, 'rotated', (desk, pdf) => {
      const turned = qpdfRange(selectPages(pages, pdf.pages, 'pages'));
      return desk.rewrite(pdf, { rotate: `${absolute ? '' : '+'}${angle}:${turned}` });
    });
  }
}

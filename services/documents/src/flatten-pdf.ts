import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { FlattenPdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { PdfWorkshop } from './pdf/pdf-workshop.js';

type Context = CommandContext<typeof FlattenPdf>;
type Output = OutputOf<typeof FlattenPdf>;

/** Draws form fields and annotations into the pages of a PDF. Links stay, scripts do not. Running it again gives the same id and bytes. */
@Controller()
export class FlattenPdfHandler implements CommandHandler<typeof FlattenPdf> {
  constructor(@Inject(PdfWorkshop) private readonly workshop: PdfWorkshop) {}

  @HandleCommand(FlattenPdf)
  handle(context: Context): Promise<Output> {
    return this.workshop.change(context, 'flattened', (desk, pdf) => desk.flatten(pdf));
  }
}

import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { UnlockPdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { PdfWorkshop } from './pdf/pdf-workshop.js';

type Context = CommandContext<typeof UnlockPdf>;
type Output = OutputOf<typeof UnlockPdf>;

/** Removes encryption and restrictions from a PDF. Running it again gives the same id and bytes. */
@Controller()
export class UnlockPdfHandler implements CommandHandler<typeof UnlockPdf> {
  constructor(@Inject(PdfWorkshop) private readonly workshop: PdfWorkshop) {}

  @HandleCommand(UnlockPdf)
  handle(context: Context): Promise<Output> {
    return this.workshop.change(context, 'unlocked', (desk, pdf) => desk.rewrite(pdf, { decrypt: '' }));
  }
}

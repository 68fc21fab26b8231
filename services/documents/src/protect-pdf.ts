import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { ProtectPdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { encryptionOf } from './pdf/encryption.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';

type Context = CommandContext<typeof ProtectPdf>;
type Output = OutputOf<typeof ProtectPdf>;

/** Encrypts a PDF by AES-256. Running it again gives the same id, and other bytes: the key is random. */
@Controller()
export class ProtectPdfHandler implements CommandHandler<typeof ProtectPdf> {
  constructor(@Inject(PdfWorkshop) private readonly workshop: PdfWorkshop) {}

  @HandleCommand(ProtectPdf)
  handle(context: Context): Promise<Output> {
    const encrypt = encryptionOf(context.data);
    return this.workshop.change(context, 'protected', (desk, pdf) => desk.rewrite(pdf, { encrypt }));
  }
}

import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { ProtectPdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import { encryptionOf } from './pdf/encryption.js';
import { keepPdf } from './pdf/keep-pdf.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof ProtectPdf>;
type Output = OutputOf<typeof ProtectPdf>;

/** Encrypts a PDF by AES-256. Running it again gives the same id, and other bytes: the key is random. */
@Controller()
export class ProtectPdfHandler implements CommandHandler<typeof ProtectPdf> {
  constructor(
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(PdfWorkshop) private readonly workshop: PdfWorkshop,
  ) {}

  @HandleCommand(ProtectPdf)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, store } = data;
    await using opened = await this.workshop.open(source, job, signal);
    const made = await opened.desk.rewrite(opened.pdf, { encrypt: encryptionOf(data) });
    return { document: await keepPdf(this.objects, job, 'protected', made, { store, signal }) };
  }
}

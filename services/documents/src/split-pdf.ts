import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { SplitPdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import { cutParts } from './pdf/cut-parts.js';
import { lostOnSplit } from './pdf/lost-parts.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';
import { planParts } from './pdf/plan-parts.js';

type Context = CommandContext<typeof SplitPdf>;
type Output = OutputOf<typeof SplitPdf>;

/** Cuts a PDF into files, with the links and bookmarks of their pages. Running it again gives the same ids and bytes. */
@Controller()
export class SplitPdfHandler implements CommandHandler<typeof SplitPdf> {
  constructor(@Inject(PdfWorkshop) private readonly workshop: PdfWorkshop) {}

  @HandleCommand(SplitPdf)
  async handle({ data, job, signal, progress }: Context): Promise<Output> {
    const { source, into, outline, attachments, store } = data;
    await using opened = await this.workshop.open(source, job, signal);
    const { desk, pdf } = opened;
    const found = await desk.digest(pdf, { attachments });
    const parts = planParts(into, pdf.pages, found.bookmarks);
    const digest = parts.length > MOST_TAGGED && !found.structured ? { ...found, tagged: false } : found;
    const { mostFilesMb: mostMb } = this.workshop;
    const cut = { pdf, digest, parts, every: into.every, outline: outline ? 'take' : 'none', mostMb } as const;
    const files: Output['files'] = [];
    let bytes = 0;
    for await (const made of cutParts(desk, cut)) {
      bytes += made.data.length;
      checkBytes(bytes, mostMb);
      const { name, title, pages } = parts[files.length]!;
      const kept = await this.workshop.keep(job, name, made, { store, signal });
      files.push({ ...kept, name, title, firstPage: pages[0]! });
      progress(files.length / parts.length, name);
    }
    return { files, warnings: lostOnSplit(found, digest) };
  }
}

/** Parts that get tags where they need nothing else: each costs two more runs of qpdf. */
const MOST_TAGGED = 100;

/** A large image that every page uses would otherwise be stored 500 times. */
function checkBytes(bytes: number, mostMb: number): void {
  if (bytes <= mostMb * 1_000_000) return;
  const detail = `The files together have more than ${mostMb} megabytes. Compress the document first, or cut it into fewer.`;
  throw new Rejected('payload_too_large', detail);
}

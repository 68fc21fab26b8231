import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { MergePdfs } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import { lostOnMerge } from './pdf/lost-parts.js';
import { MOST_PAGES, selectPages } from './pdf/page-selection.js';
import type { Cutting } from './pdf/pdf-desk.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';

type Context = CommandContext<typeof MergePdfs>;
type Output = OutputOf<typeof MergePdfs>;

/** Joins PDFs into one, with their links, bookmarks and attached files. Running it again gives the same id and bytes. */
@Controller()
export class MergePdfsHandler implements CommandHandler<typeof MergePdfs> {
  constructor(@Inject(PdfWorkshop) private readonly workshop: PdfWorkshop) {}

  @HandleCommand(MergePdfs)
  async handle({ data, job, signal, progress }: Context): Promise<Output> {
    const { sources, outline, attachments: attached, store } = data;
    await using opened = await this.workshop.openAll(sources, job, signal);
    const { desk, pdfs } = opened;
    const cuttings: Cutting[] = [];
    for (const [index, pdf] of pdfs.entries()) {
      const { pages, bookmark } = sources[index]!;
      const taken = selectPages(pages, pdf.pages, `${pdf.field}/pages`);
      const digest = await desk.digest(pdf, { attachments: attached });
      cuttings.push({ pdf, digest, pages: taken, bookmark });
      progress(cuttings.length / (pdfs.length + 1), pdf.field);
    }
    checkPages(cuttings);
    const { attachments, ...made } = await desk.assemble(cuttings, outline ? 'take' : 'none');
    const document = await this.workshop.keep(job, 'merged', made, { store, signal });
    return { document, attachments, warnings: lostOnMerge(cuttings) };
  }
}

function checkPages(cuttings: readonly Cutting[]): void {
  const count = cuttings.reduce((sum, { pages }) => sum + pages.length, 0);
  if (count <= MOST_PAGES) return;
  throw new Rejected(
    'invalid_input',
    `sources: make ${count} pages; a document may have ${MOST_PAGES}. Name fewer pages.`,
  );
}

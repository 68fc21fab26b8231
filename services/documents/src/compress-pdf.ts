import { readFile } from 'node:fs/promises';
import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { CompressPdf } from '@tandem/contracts/pdf-files';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { PageWorkshop } from './pdf/page-workshop.js';
import type { DraftOnDesk } from './pdf/pdf-desk.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';

/** Everything that costs no quality. */
const COMPACT = { compressionLevel: '9', removeUnreferencedResources: 'yes' };
/** Packs streams anew that are packed; pictures may become larger then, as qpdf packs them without predictors. */
const ANEW = { ...COMPACT, recompressFlate: '' };

type Context = CommandContext<typeof CompressPdf>;
type Output = OutputOf<typeof CompressPdf>;

/** Makes a PDF smaller. What would be larger is not kept: the result is the original then. Running it again gives the same id and bytes. */
@Controller()
export class CompressPdfHandler implements CommandHandler<typeof CompressPdf> {
  constructor(
    @Inject(PdfWorkshop) private readonly workshop: PdfWorkshop,
    @Inject(PageWorkshop) private readonly pages: PageWorkshop,
  ) {}

  @HandleCommand(CompressPdf)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, images, imageDpi, linearize, store } = data;
    await using opened = await this.workshop.open(source, job, signal);
    const { desk, pdf } = opened;
    const resample = ({ deadline, ...file }: DraftOnDesk) =>
      this.pages.run('resample', { ...file, dpi: imageDpi! }, { signal, deadline });
    const draft = imageDpi ? await desk.replaceStreams(pdf, resample) : { pdf, replaced: 0 };
    const wishes = { ...(images ? { optimizeImages: '' } : {}), ...(linearize ? { linearize: '' } : {}) };
    const once = await desk.rewrite(draft.pdf, { ...COMPACT, ...wishes });
    const anew = await desk.rewrite(draft.pdf, { ...ANEW, ...wishes });
    const made = anew.data.length < once.data.length ? anew : once;
    const bytes = Math.max(0, pdf.size - made.data.length);
    const best = bytes > 0 ? made : { data: await readFile(pdf.path), pages: pdf.pages };
    return {
      document: await this.workshop.keep(job, 'compressed', best, { store, signal }),
      saved: { bytes, percent: Math.round((bytes / pdf.size) * 1_000) / 10 },
      linearized: linearize && bytes > 0,
      resampled: bytes > 0 ? draft.replaced : 0,
    };
  }
}

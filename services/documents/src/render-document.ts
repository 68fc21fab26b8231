import { Controller, Inject } from '@nestjs/common';
import type { InputOf, OutputOf } from '@tandem/contracts/command';
import { DOCUMENT, RenderDocument } from '@tandem/contracts/documents';
import { keepObject } from '@tandem/job-files/keep-object';
import { storeResult } from '@tandem/job-files/store-result';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler, JobContext } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import type { ObjectStore } from '@tandem/storage/object-store';
import { chooseLayout } from './layout/choose-layout.js';
import { LayoutEngine } from './layout/layout-engine.js';
import { ContentSource } from './open-content.js';
import { PageWorkshop } from './pdf/page-workshop.js';
import { DocumentRenderer, type Rendered } from './render/document-renderer.js';
import type { TemplateSource } from './templates/template-source.js';
import { OBJECT_STORE, TEMPLATES } from './tokens.js';

type Context = CommandContext<typeof RenderDocument>;
type Input = InputOf<typeof RenderDocument>;
type Output = OutputOf<typeof RenderDocument>;

/** Makes a document from a page. Running it again for the same job gives the same id. */
@Controller()
export class RenderDocumentHandler implements CommandHandler<typeof RenderDocument> {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(ContentSource) private readonly contents: ContentSource,
    @Inject(DocumentRenderer) private readonly renderer: DocumentRenderer,
    @Inject(TEMPLATES) private readonly templates: TemplateSource,
    @Inject(LayoutEngine) private readonly layouts: LayoutEngine,
    @Inject(PageWorkshop) private readonly workshop: PageWorkshop,
  ) {}

  @HandleCommand(RenderDocument)
  async handle({ data: input, job, signal }: Context): Promise<Output> {
    const { data, type, report } =
      (await this.#withoutBrowser(input, job, signal)) ?? (await this.#byBrowser(input, job, signal));
    const document = await keepObject(this.store, job, DOCUMENT, { data, type });
    if (input.store) await storeResult(input.store, job, DOCUMENT, { data, type, signal });
    return { document, ...report };
  }

  async #byBrowser(input: Input, job: JobContext, signal: AbortSignal): Promise<Rendered> {
    const { format, pdf, screenshot, load } = input;
    const content = await this.contents.open(input, job, signal);
    const made = await this.renderer.render({ tenant: job.tenant, content, format, pdf, screenshot, load, signal });
    const ofPage = 'html' in content ? content.pdf : undefined;
    const accessible = format === 'pdf' && (pdf?.accessible ?? ofPage?.accessible);
    return accessible ? this.#accessible(made, signal) : made;
  }

  /** Undefined where a browser has to make it. */
  async #withoutBrowser(input: Input, { tenant }: JobContext, signal: AbortSignal): Promise<Rendered | undefined> {
    const { source, data, load, pdf } = input;
    if (!source.template) return undefined;
    const template = chooseLayout(await this.templates.get(tenant, source.template, signal), input);
    if (!template) return undefined;
    if (!(await this.layouts.isAvailable())) {
      if (input.engine === 'auto') return undefined;
      throw new Rejected('unavailable', 'engine: there is no Typst for this machine; take engine auto.');
    }
    const { locale, timeZone, timeoutSeconds } = load ?? {};
    return this.layouts.render(template, data ?? {}, { locale, timeZone, timeoutSeconds, pdf, signal });
  }

  /** Layouts are set as PDF/UA; what a browser prints becomes that afterwards. */
  async #accessible({ data: printed, type, report }: Rendered, signal: AbortSignal): Promise<Rendered> {
    const { data, changes } = await this.workshop.run('accessible', { data: printed, metadata: {} }, { signal });
    return { data, type, report: { ...report, warnings: [...report.warnings, ...changes].slice(0, 50) } };
  }
}

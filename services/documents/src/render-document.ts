import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { DOCUMENT, RenderDocument } from '@tandem/contracts/documents';
import { keepObject } from '@tandem/job-files/keep-object';
import { storeResult } from '@tandem/job-files/store-result';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import type { ObjectStore } from '@tandem/storage/object-store';
import { DocumentRenderer } from './render/document-renderer.js';
import type { WrittenPage } from './render/page-content.js';
import { TemplatePages } from './templates/template-pages.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof RenderDocument>;
type Output = OutputOf<typeof RenderDocument>;

/** Makes a document from a page. Running it again for the same job gives the same id. */
@Controller()
export class RenderDocumentHandler implements CommandHandler<typeof RenderDocument> {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(DocumentRenderer) private readonly renderer: DocumentRenderer,
    @Inject(TemplatePages) private readonly templates: TemplatePages,
  ) {}

  @HandleCommand(RenderDocument)
  async handle({ data: input, job, signal }: Context): Promise<Output> {
    const { format, pdf, screenshot, load } = input;
    const content = await this.#page(input, job.tenant, signal);
    const { data, type, report } = await this.renderer.render({
      tenant: job.tenant,
      content,
      format,
      pdf,
      screenshot,
      load,
      signal,
    });
    const document = await keepObject(this.store, job, DOCUMENT, { data, type });
    if (input.store) await storeResult(input.store, job, DOCUMENT, { data, type, signal });
    const warnings = [...(content.warnings ?? []), ...report.warnings].slice(0, 50);
    return { document, ...report, warnings };
  }

  async #page({ source, data, load }: Context['data'], tenant: string, signal: AbortSignal): Promise<WrittenPage> {
    const { locale, timeZone } = load ?? {};
    if (source.template) return this.templates.make(tenant, source.template, data, { locale, timeZone, signal });
    if (!source.html) throw new Rejected('invalid_input', 'Only source.html and source.template are made yet.');
    return { html: source.html, assets: new Map() };
  }
}

import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { DOCUMENT, RenderDocument } from '@tandem/contracts/documents';
import { keepObject } from '@tandem/job-files/keep-object';
import { storeResult } from '@tandem/job-files/store-result';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import { ContentSource } from './open-content.js';
import { DocumentRenderer } from './render/document-renderer.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof RenderDocument>;
type Output = OutputOf<typeof RenderDocument>;

/** Makes a document from a page. Running it again for the same job gives the same id. */
@Controller()
export class RenderDocumentHandler implements CommandHandler<typeof RenderDocument> {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(ContentSource) private readonly contents: ContentSource,
    @Inject(DocumentRenderer) private readonly renderer: DocumentRenderer,
  ) {}

  @HandleCommand(RenderDocument)
  async handle({ data: input, job, signal }: Context): Promise<Output> {
    const { format, pdf, screenshot, load } = input;
    const content = await this.contents.open(input, job, signal);
    const request = { tenant: job.tenant, content, format, pdf, screenshot, load, signal };
    const { data, type, report } = await this.renderer.render(request);
    const document = await keepObject(this.store, job, DOCUMENT, { data, type });
    if (input.store) await storeResult(input.store, job, DOCUMENT, { data, type, signal });
    return { document, ...report };
  }
}

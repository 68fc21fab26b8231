import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { WrittenPage } from '../render/page-content.js';
import { TEMPLATES } from '../tokens.js';
import type { FillOptions } from './fill-template.js';
import { TemplateFiller } from './template-filler.js';
import type { TemplateSource } from './template-source.js';

/** The page that a named template makes of data. */
@Injectable()
export class TemplatePages implements OnApplicationShutdown {
  constructor(
    @Inject(TEMPLATES) private readonly templates: TemplateSource,
    @Inject(TemplateFiller) readonly filler: TemplateFiller,
  ) {}

  /** Throws `Rejected`: `not_found`, or why the template cannot be filled; `RetryLater` when it cannot be fetched now. */
  async make(
    tenant: string,
    template: string,
    data: unknown,
    options: FillOptions & { signal: AbortSignal },
  ): Promise<WrittenPage> {
    const bundle = await this.templates.get(tenant, template, options.signal);
    return this.filler.fill(bundle, data, options);
  }

  onApplicationShutdown(): void {
    this.filler.close();
  }
}

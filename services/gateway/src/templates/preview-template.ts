import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { PreviewTemplate } from '@tandem/contracts/documents';
import { objectKey } from '@tandem/contracts/object';
import type { QueryOutput } from '@tandem/contracts/query';
import type { TemplateBundle } from '@tandem/contracts/template';
import { QueryClient } from '@tandem/messaging/ask-query';
import type { Connection } from '@tandem/messaging/connection';
import { Rejected } from '@tandem/messaging/outcome';
import type { ObjectStore } from '@tandem/storage/object-store';
import { templateSha256 } from '@tandem/templates/template-sha256';
import { z } from 'zod';
import { Problem } from '../http/problem.js';
import type { DataChecks } from './check-data.js';
import { unfitData } from './fill-templates.js';
import type { TemplateFinder } from './find-templates.js';
import { referenceOf } from './template.js';

/** What a preview shall show; all of it may be left out. */
export const PreviewWish = z.strictObject({
  data: z.json().optional().meta({ description: 'By default the sample of the template' }),
  locale: PreviewTemplate.input.shape.locale,
  format: PreviewTemplate.input.shape.format
    .optional()
    .meta({ description: 'By default what Accept names, or pdf; html is what the template writes' }),
  engine: PreviewTemplate.input.shape.engine.unwrap().optional().meta({
    description: 'By default the layout makes pdf and png where the template has one, as in a job; browser: its page',
  }),
  page: z.int().min(1).max(10_000).optional().meta({ description: 'Of a PNG, from 1' }),
});
export type PreviewWish = z.infer<typeof PreviewWish>;
export type PreviewFormat = NonNullable<PreviewWish['format']>;

/** A preview, and what is told of it. */
export type Preview = Omit<QueryOutput<typeof PreviewTemplate>, 'type'> & { format: PreviewFormat; body: Uint8Array };

/** Has the documents service show what a template makes of data. */
export class TemplatePreview {
  readonly #queries: QueryClient;

  constructor(
    private readonly finder: TemplateFinder,
    private readonly checks: DataChecks,
    connection: Connection,
    store: ObjectStore,
  ) {
    this.#queries = new QueryClient(connection, {
      fetchBody: async (key) => buffer(await store.read(key)),
      storeQuestion: async (question, input) => {
        const { tenant } = input as { tenant: string };
        const key = objectKey(tenant, createHash('sha256').update(question).digest('hex'));
        await store.write(key, question);
        return key;
      },
    });
  }

  /** Of a template that is kept. Throws a `Problem`: `not_found`, or as {@link unsaved}. */
  async saved(tenant: string, reference: string, wish: PreviewWish, format: PreviewFormat): Promise<Preview> {
    const template = await this.finder.get(tenant, reference);
    const exact = referenceOf(template);
    const bundle = await this.finder.whole(tenant, exact);
    const data = wish.data ?? bundle.sample ?? {};
    const errors = this.checks.check(tenant, template, data, '/data');
    if (errors.length > 0) throw unfitData(exact, errors);
    return this.#ask({ ...asked(wish), tenant, template: bundle, data, format });
  }

  /**
   * Of a template that was sent, and checked. Throws a `Problem`: `invalid_input` for data that does not fit, `unavailable`
   * when no documents service answers, or what that says of the template.
   */
  unsaved(tenant: string, template: TemplateBundle, wish: PreviewWish, format: PreviewFormat): Promise<Preview> {
    const data = wish.data ?? template.sample ?? {};
    const checked = { sha256: templateSha256(template), schema: template.schema };
    const errors = this.checks.check(tenant, checked, data, '/data');
    if (errors.length > 0) throw unfitData('that you sent', errors);
    return this.#ask({ ...asked(wish), tenant, template, data, format });
  }

  async #ask(input: z.output<typeof PreviewTemplate.input>): Promise<Preview> {
    try {
      const { result, body } = await this.#queries.ask(PreviewTemplate, input);
      return { pages: result.pages, warnings: result.warnings, format: input.format, body };
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      if (error.code !== 'unavailable') throw new Problem(error.code, error.detail);
      throw new Problem(
        'unavailable',
        'No documents service answers, and previews are made by one: none runs, or all are busy. Try again soon.',
        undefined,
        { 'Retry-After': '2' },
      );
    }
  }
}

function asked({ locale, engine = 'auto', page = 1 }: PreviewWish) {
  return { locale, engine, page };
}

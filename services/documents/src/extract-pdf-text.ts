import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { ExtractPdfText, MOST_INLINE_TEXT } from '@tandem/contracts/pdf-pages';
import { keepObject } from '@tandem/job-files/keep-object';
import { storeResult } from '@tandem/job-files/store-result';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';

import { PageWorkshop } from './pdf/page-workshop.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof ExtractPdfText>;
type Output = OutputOf<typeof ExtractPdfText>;

/** Extracts the text of a PDF. Running it again gives the same id and bytes. */
@Controller()
export class ExtractPdfTextHandler implements CommandHandler<typeof ExtractPdfText> {
  constructor(
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(PageWorkshop) private readonly workshop: PageWorkshop,
  ) {}

  @HandleCommand(ExtractPdfText)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, store, pages: ranges, layout } = data;
    await using file = await this.workshop.open(source, job, signal);
    const task = { path: file.path, password: source.password, pages: ranges, layout };
    const pages = await this.workshop.run('text', task, { signal });
    const whole = pages.map(({ text }) => text).join('\f');
    const made = { data: Buffer.from(whole), type: 'text/plain' };
    const text = await keepObject(this.objects, job, 'text', made);
    if (store) await storeResult(store, job, 'text', { ...made, signal });
    const characters = pages.reduce((sum, page) => sum + page.text.length, 0);
    const inline = made.data.length <= MOST_INLINE_TEXT ? { pages } : {};
    return { text, ...inline, characters, warnings: warningsOf(whole) };
  }
}

function warningsOf(text: string): string[] {
  if (text.trim() === '')
    return ['There is no text: the pages are images, most likely. Nothing is recognised in images.'];
  const unknown = text.split('\ufffd').length - 1;
  const many = unknown > 20 && unknown * 10 > text.length;
  return many ? ['Fonts of the document do not say which letters they show; U+FFFD stands for those.'] : [];
}

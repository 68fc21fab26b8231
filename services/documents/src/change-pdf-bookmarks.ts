import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { BOOKMARKED, ChangePdfBookmarks } from '@tandem/contracts/pdf-bookmarks';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { PageWorkshop } from './pdf/page-workshop.js';

type Context = CommandContext<typeof ChangePdfBookmarks>;
type Output = OutputOf<typeof ChangePdfBookmarks>;

/** Reads bookmarks of a PDF, and sets them. Running it again gives the same id and bytes. */
@Controller()
export class ChangePdfBookmarksHandler implements CommandHandler<typeof ChangePdfBookmarks> {
  constructor(@Inject(PageWorkshop) private readonly workshop: PageWorkshop) {}

  @HandleCommand(ChangePdfBookmarks)
  async handle({ data, job, signal }: Context): Promise<Output> {
    const { source, bookmarks: wanted, add, store } = data;
    await using file = await this.workshop.open(source, job, signal);
    const task = { path: file.path, password: source.password, bookmarks: wanted, add };
    const { data: made, pages, bookmarks, warnings } = await this.workshop.run('bookmarks', task, { signal });
    if (!made) return { bookmarks, warnings };
    const document = await this.workshop.keep(job, BOOKMARKED, { data: made, pages }, { store, signal });
    return { bookmarks, document, warnings };
  }
}

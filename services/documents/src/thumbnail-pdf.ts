import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import { MOST_PAGE_IMAGES, pageName, ThumbnailPdf } from '@tandem/contracts/pdf-pages';
import { keepObject } from '@tandem/job-files/keep-object';
import { storeResult } from '@tandem/job-files/store-result';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { PageImage } from './pdf/page-images.js';
import type { MadePageImage } from './pdf/page-process.js';
import { PageWorkshop } from './pdf/page-workshop.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof ThumbnailPdf>;
type Output = OutputOf<typeof ThumbnailPdf>;

/** Makes images of pages of a PDF. Running it again gives the same ids and bytes. */
@Controller()
export class ThumbnailPdfHandler implements CommandHandler<typeof ThumbnailPdf> {
  constructor(
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(PageWorkshop) private readonly workshop: PageWorkshop,
  ) {}

  @HandleCommand(ThumbnailPdf)
  async handle({ data, job, signal, progress }: Context): Promise<Output> {
    const { source, store, dpi = 96, ...options } = data;
    await using file = await this.workshop.open(source, job, signal);
    const kept: Promise<Output['images'][number]>[] = [];
    const keep = async ({ page, width, height, data: image }: PageImage) => {
      const made = { data: image, type: `image/${options.format}` };
      const object = await keepObject(this.objects, job, pageName(page), made);
      if (store) await storeResult(store, job, pageName(page), { ...made, signal });
      return { ...object, page, width, height };
    };
    const onNote = ({ of, ...image }: MadePageImage) => {
      const keeping = keep(image);
      // Waited for below; until then a failure is nobody's.
      keeping.catch(() => {});
      kept.push(keeping);
      progress(kept.length / of, `${kept.length} of ${of} pages`);
    };
    const task = { ...options, path: file.path, password: source.password, scale: dpi / 72, most: MOST_PAGE_IMAGES };
    const pages = await this.workshop.run('images', task, { signal, onNote });
    return { pages, images: await Promise.all(kept) };
  }
}

import type { Contestant } from './contestant.ts';
import { grey, lossless, ssim } from './ssim.ts';
import type { Source } from './tasks.ts';

/** What the images of a system are like, in the mean. */
export interface Pictures {
  bytes: number;
  ssim: number;
}

const references = new Map<string, ReturnType<typeof lossless>>();

/** Makes each image once and holds it against what there would be without loss. */
export async function comparePictures(contestant: Contestant, sources: Source[]): Promise<Pictures> {
  let [bytes, similarity] = [0, 0];
  for (const source of sources) {
    const picture = await contestant.picture(source);
    if (!references.has(source.file)) references.set(source.file, lossless(source.path, source.task));
    bytes += picture.length;
    similarity += ssim(await grey(picture), await references.get(source.file)!);
  }
  return { bytes: bytes / sources.length, ssim: similarity / sources.length };
}

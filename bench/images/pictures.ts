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
    const pixels = await grey(picture);
    similarity += Math.max(...(await references.get(source.file)!).map((reference) => ssim(pixels, reference)));
  }
  return { bytes: bytes / sources.length, ssim: similarity / sources.length };
}

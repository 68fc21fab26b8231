import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { hostileCorpus } from '../../services/media/src/hostile-corpus.fixture.ts';
import type { Source } from '../images/tasks.ts';

/** A file that jobs are made of, and how likely it is. */
export interface MixedFile {
  name: string;
  bytes: Buffer<ArrayBuffer>;
  weight: number;
  animated?: boolean;
}

const SIDES = [320, 900];
const SMALL = 3;

/** Photographs of three sizes in all formats, drawings, animations, and files that were made to harm. */
export async function mixedFiles(sources: Source[]): Promise<MixedFile[]> {
  const photographs = sources.filter(({ task }) => task.key !== 'sharp');
  const files: MixedFile[] = [];
  for (const [index, { path, file }] of photographs.entries()) {
    files.push({ name: file, bytes: await readFile(path), weight: 1 });
    if (index % SMALL > 0) continue;
    for (const side of SIDES) {
      const bytes = await sharp(path).resize(side, side, { fit: 'inside' }).toFormat(formatOf(file)).toBuffer();
      files.push({ name: `${side}-${file}`, bytes, weight: SMALL });
    }
  }
  const jpeg = await sharp(photographs[0]!.path).resize(600).jpeg().toBuffer();
  const hostile = await hostileCorpus(jpeg);
  return [
    ...files,
    ...[12, 200].map((shapes) => ({ name: `${shapes} shapes`, bytes: drawing(shapes), weight: 4 })),
    ...(await Promise.all([6, 24].map(async (frames) => animation(photographs[0]!.path, frames)))),
    ...hostile.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes), weight: 0.4 })),
  ];
}

function formatOf(file: string): 'jpeg' | 'png' | 'webp' | 'avif' {
  return file.split('-')[0] as 'jpeg' | 'png' | 'webp' | 'avif';
}

function drawing(shapes: number): Buffer<ArrayBuffer> {
  const circles = Array.from(
    { length: shapes },
    (_, n) =>
      `<circle cx="${(n * 97) % 800}" cy="${(n * 61) % 600}" r="${20 + (n % 9) * 10}" fill="hsl(${n * 7} 60% 50%)" opacity=".5"/>`,
  );
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600">${circles.join('')}<text x="40" y="300" font-size="90">Tandem</text></svg>`,
  );
}

async function animation(path: string, frames: number): Promise<MixedFile> {
  const pictures = await Promise.all(
    Array.from({ length: frames }, (_, n) =>
      sharp(path)
        .extract({ left: n * 20, top: 0, width: 400, height: 300 })
        .png()
        .toBuffer(),
    ),
  );
  const bytes = await sharp(pictures, { join: { animated: true } })
    .gif()
    .toBuffer();
  return { name: `${frames} frames`, bytes: Buffer.from(bytes), weight: 2, animated: true };
}

const WIDTHS = [64, 160, 320, 512, 800, 1_200, 1_600];
const FORMATS = ['jpeg', 'jpeg', 'webp', 'webp', 'webp', 'png', 'avif'];

/** The n-th job: always the same for the same n, so that two runs do the same work. */
export function mixedJob(n: number, files: MixedFile[], objects: string[]): object {
  const random = seeded(n);
  const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!;
  const chosen = byWeight(files, random());
  const { animated } = files[chosen]!;
  const renditions = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) => ({
    name: `r${index}`,
    width: pick(WIDTHS),
    ...(random() < 0.3 && { height: pick(WIDTHS), fit: 'cover' }),
    ...(animated ? { format: pick(['webp', 'gif']), animated: true } : { format: pick(FORMATS) }),
  }));
  return { source: { object: objects[chosen] }, renditions };
}

/** The index of one file, as likely as it weighs; `at` is from 0 to 1. */
function byWeight(files: MixedFile[], at: number): number {
  let left = at * files.reduce((sum, { weight }) => sum + weight, 0);
  return files.findIndex(({ weight }) => {
    left -= weight;
    return left < 0;
  });
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { type Format, type Source, TASKS, type Task } from './tasks.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '.cache', 'bench-images');
/** The longer side of DIV2K's images, which imgproxy's harness takes. */
const SIDE = 2_040;
/** Smaller ones would have to be enlarged, or are not 2K. */
const SMALLEST = 1_920;
const SHARPS = { width: 2_725, height: 2_225 };
const CROPS = 10;

/** How sources are written: as good as originals are. */
const ORIGINALS: Record<Format, (image: Sharp) => Sharp> = {
  jpeg: (image) => image.jpeg({ quality: 90 }),
  png: (image) => image.png(),
  webp: (image) => image.webp({ quality: 90 }),
  avif: (image) => image.avif({ quality: 75 }),
};

/** The sources of all tasks, made once from the photographs of BENCH_PHOTOGRAPHS, and what they are in words. */
export async function prepareSources(): Promise<{ folder: string; sources: Source[]; about: string }> {
  const photographs = await findPhotographs();
  if (!existsSync(FOLDER)) {
    const draft = `${FOLDER}-${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    for (const photograph of photographs) await writeAll(photograph.path, draft);
    await writeCrops(photographs[0]!.path, draft);
    renameSync(draft, FOLDER);
  }
  const files = readdirSync(FOLDER).sort();
  const sources = TASKS.flatMap((task) =>
    files
      .filter((file) => file.startsWith(`${task.key}-`))
      .map((file): Source => ({ task, file, path: join(FOLDER, file) })),
  );
  const about = `${photographs.length} photographs of ${SMALLEST} to ${SIDE} pixels; for sharp's own task ${CROPS} parts of the largest, ${SHARPS.width} x ${SHARPS.height}`;
  return { folder: FOLDER, sources, about };
}

/** The largest of each name (`Elephants_3840x2160.jpg`), the largest of all first. */
async function findPhotographs(): Promise<{ path: string; width: number }[]> {
  const folder = process.env.BENCH_PHOTOGRAPHS;
  if (!folder) throw new Error('The photographs are missing: start the benchmark with npm run bench.');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.jpe?g$/i.test(file));
  const largest = new Map<string, { path: string; width: number }>();
  for (const file of files) {
    const path = join(folder, file);
    const { width } = await sharp(path).metadata();
    const name = nameOf(path);
    if (width >= SMALLEST && width > (largest.get(name)?.width ?? 0)) largest.set(name, { path, width });
  }
  if (largest.size === 0) throw new Error(`${folder} has no JPEG of ${SMALLEST} pixels or more.`);
  return [...largest.values()].sort((a, b) => b.width - a.width);
}

async function writeAll(path: string, folder: string): Promise<void> {
  const pixels = sharp(path).resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true });
  for (const task of TASKS) if (task.key !== 'sharp') await write(pixels, task, folder, nameOf(path));
}

async function writeCrops(path: string, folder: string): Promise<void> {
  const task = TASKS.find(({ key }) => key === 'sharp')!;
  const { data, info } = await sharp(path)
    .resize({ height: SHARPS.height })
    .raw()
    .toBuffer({ resolveWithObject: true });
  for (let n = 0; n < CROPS; n += 1) {
    const left = Math.floor(((info.width - SHARPS.width) * n) / (CROPS - 1));
    const crop = sharp(data, { raw: info }).extract({ left, top: 0, ...SHARPS });
    await write(crop, task, folder, `${nameOf(path)}${n}`);
  }
}

async function write(image: Sharp, { key, format }: Task, folder: string, name: string): Promise<void> {
  const file = `${key}-${name}.${format === 'jpeg' ? 'jpg' : format}`;
  await ORIGINALS[format](image.clone()).toFile(join(folder, file));
}

function nameOf(path: string): string {
  return basename(path)
    .replace(/\.\w+$/, '')
    .replace(/_\d+x\d+$/, '');
}

import { createReadStream } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { OutputOf } from '@tandem/contracts/command';
import type { JobView } from '@tandem/contracts/job';
import type { TransformImage } from '@tandem/contracts/media';
import { ApiClient, ApiError } from './api-client.js';
import { tourDocument } from './tour-document.js';

/** A file that the tour made. */
export interface TourFile {
  name: string;
  format: string;
  width: number;
  height: number;
  bytes: number;
  path: string;
}

/** What the tour did. */
export interface TourReport {
  sourceId: string;
  sourceBytes: number;
  job: JobView;
  placeholder: { thumbHash: string; dominantColor: string };
  files: TourFile[];
  /** Address of an image of the source that is made when it is first asked for; good for a day. */
  imageUrl: string;
  /** One line on the document that was made. */
  document: string;
}

const RENDITIONS = [
  { name: 'thumb', width: 200, height: 200, fit: 'cover', format: 'webp' },
  { name: 'card', width: 640, height: 640, fit: 'inside', format: 'avif' },
  { name: 'page', width: 1280, height: 1280, fit: 'inside', format: 'webp' },
  { name: 'mail', width: 800, height: 800, fit: 'inside', format: 'jpeg', quality: 75 },
] as const;

const DAY_S = 86_400;

/**
 * Does what an app would do, through the REST API alone: uploads the photo, submits a job, follows it to its end,
 * downloads the results to `outDir`; then makes an invoice. Throws an `Error` that says what to change when the photo cannot be used.
 */
export async function tour(
  url: string,
  token: string,
  photo: string,
  outDir: string,
  say: (line: string) => void,
): Promise<TourReport> {
  const api = new ApiClient(url, token);
  const { size } = await stat(photo).catch(() => {
    throw new ApiError(`There is no file ${photo}.`);
  });
  const source = await api.upload(createReadStream(photo), basename(photo));
  say(`uploaded ${basename(photo)}: ${source.type}, ${kilobytes(size)}, object ${source.id}`);
  const submitted = await api.submit('media/transform', { source: { object: source.id }, renditions: RENDITIONS });
  say(`job ${submitted.id} accepted`);
  const job = await follow(api, submitted.id, say);
  if (job.status !== 'succeeded') throw new ApiError(job.error?.detail ?? `The job ended ${job.status}.`);
  const result = job.result as OutputOf<typeof TransformImage>;
  await mkdir(outDir, { recursive: true });
  const files: TourFile[] = [];
  for (const { id, name, format, width, height, size: bytes } of result.renditions) {
    const path = join(outDir, `${name}.${format === 'jpeg' ? 'jpg' : format}`);
    await writeFile(path, await api.download(id));
    files.push({ name, format, width, height, bytes, path: relative(process.cwd(), path) });
  }
  const imageUrl = url + (await api.imageLink(source.id, 'card', DAY_S));
  const { thumbHash = '', dominantColor = '' } = result;
  const document = await tourDocument(api, outDir);
  const placeholder = { thumbHash, dominantColor };
  return { sourceId: source.id, sourceBytes: size, job, placeholder, files, imageUrl, document };
}

async function follow(api: ApiClient, id: string, say: (line: string) => void): Promise<JobView> {
  for await (const { event, data } of api.events(id)) {
    if (event === 'progress') say(`job ${Math.round(data.fraction * 100)} %${data.message ? `, ${data.message}` : ''}`);
    if (event !== 'state') continue;
    if (data.status !== 'accepted') say(`job ${data.status}`);
    if (data.job) return data.job;
  }
  return api.job(id);
}

/** The report as a short table. */
export function tourTable({ files, sourceBytes, job, placeholder, document }: TourReport): string {
  const header = ['rendition', 'format', 'pixels', 'size', 'of source', 'file'];
  const rows = files.map((file) => [
    file.name,
    file.format,
    `${file.width} x ${file.height}`,
    kilobytes(file.bytes),
    `${Math.round((100 * file.bytes) / sourceBytes)} %`,
    file.path,
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const lines = [header, ...rows].map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd(),
  );
  const took = Date.parse(job.finishedAt!) - Date.parse(job.createdAt);
  return [
    ...lines,
    `  colour ${placeholder.dominantColor}, ThumbHash ${placeholder.thumbHash}; ${took} ms from accepted to succeeded`,
    `  ${document}`,
  ].join('\n');
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

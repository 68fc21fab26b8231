import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { OutputOf } from '@tandem/contracts/command';
import type { RenderDocument } from '@tandem/contracts/documents';
import { type ApiClient, ApiError } from './api-client.js';

const TEMPLATE = 'invoice';
/** The first document of a machine loads programs that nobody has read for long. */
const PATIENCE_S = 30;

/** Makes the sample invoice by a job and downloads it to `outDir`; one line that says what was made. */
export async function tourDocument(api: ApiClient, outDir: string): Promise<string> {
  const { sample } = await api.template(TEMPLATE);
  const input = { source: { template: TEMPLATE }, data: sample };
  const job = await api.submit('documents/render', input, { prefer: `wait=${PATIENCE_S}` });
  if (job.status !== 'succeeded') throw new ApiError(job.error?.detail ?? `The invoice is still ${job.status}.`);
  const { document, pages, engine } = job.result as OutputOf<typeof RenderDocument>;
  const path = join(outDir, `${TEMPLATE}.pdf`);
  await mkdir(outDir, { recursive: true });
  await writeFile(path, await api.download(document.id));
  const took = Date.parse(job.finishedAt!) - Date.parse(job.createdAt);
  const how = engine === 'layout' ? 'by its layout' : 'by a browser';
  const size = `${(document.size / 1_000).toFixed(1)} kB`;
  return `invoice from a template: ${pages} page${pages === 1 ? '' : 's'}, ${size}, ${how} in ${took} ms: ${relative(process.cwd(), path)}`;
}

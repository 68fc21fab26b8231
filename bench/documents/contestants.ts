import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal } from '@tandem/contracts/job';
import { type Client, get, post } from '../load.ts';
import { startScript } from '../processes.ts';
import type { Stack } from '../stack.ts';
import type { Sheet } from './sheets.ts';

/** A system that makes PDFs. */
export interface Contestant {
  key: string;
  name: string;
  /** Its processes; those that they started count with them. */
  pids: Record<string, number>;
  /** Makes one PDF and brings it to the client; its size in bytes. */
  make(client: Client, sheet: Sheet, nth: number): Promise<number>;
  url: string;
  stop(): Promise<void>;
}

/** Modes of `peers/puppeteer-process.ts`. */
export type PeerMode = 'context' | 'wiped' | 'bare';

/** A server on top of puppeteer, with the pages in `folder`. */
export async function puppeteerServer(
  { key, name, mode, chromium }: { key: string; name: string; mode: PeerMode; chromium: string },
  folder: string,
): Promise<Contestant> {
  const environment = { ...process.env, NODE_ENV: 'production', CHROMIUM_BIN: chromium };
  const { said: url, pid, stop } = await startScript('peers/puppeteer-process.ts', [mode, folder], environment);
  return {
    key,
    name,
    url,
    pids: { server: pid },
    async make(client, sheet) {
      const status = await client.send(get(`/${sheet.key}`, {}));
      if (status !== '200') throw new Error(`${name} answered ${status}: ${client.body.slice(0, 500)}`);
      return client.body.length;
    },
    stop,
  };
}

/** How often a job is asked for that took longer than its request may wait. */
const ASK_AGAIN_MS = 250;

/** The whole job path: a request, a job, its result, and the download of the document. */
export function tandemJobs(stack: Stack, key: string, name: string, more: object = {}): Contestant {
  const { gateway, documents, postgres, nats } = stack.pids;
  const authorization = `Bearer ${stack.token}`;
  return {
    key,
    name,
    url: stack.url,
    pids: { gateway, documents: documents!, postgres, nats },
    async make(client, sheet, nth) {
      const input = JSON.stringify({ ...sheet.input(nth), ...more });
      let status = await client.send(post('/v1/documents/render', input, { authorization, prefer: 'wait=60' }));
      let job = JSON.parse(client.body);
      while (/^20/.test(status) && !isFinal(job.status)) {
        await sleep(ASK_AGAIN_MS);
        status = await client.send(get(`/v1/jobs/${job.id}`, { authorization }));
        job = JSON.parse(client.body);
      }
      if (job.status !== 'succeeded') throw new Error(`the job was answered ${status}: ${client.body.slice(0, 500)}`);
      const found = await client.send(get(`/v1/objects/${job.result.document.id}`, { authorization }));
      if (found !== '200') throw new Error(`the document was answered ${found}: ${client.body.slice(0, 500)}`);
      return client.body.length;
    },
    stop: async () => {},
  };
}

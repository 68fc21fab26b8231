import { availableParallelism } from 'node:os';
import { Client, get } from '../load.ts';
import { startScript } from '../processes.ts';
import { type Contestant, timed } from './contestant.ts';
import type { Source } from './tasks.ts';

const CORES = availableParallelism();

/** A server that makes images while the caller waits. */
export interface ImageServer {
  key: string;
  name: string;
  url: string;
  pids: Record<string, number>;
  headers?: Record<string, string>;
  /** Of the n-th image of a round. */
  path(source: Source, index: number): string;
  stop(): Promise<void>;
}

/** Asks a server for images, over twice as many connections as there are cores. */
export function overHttp({ key, name, url, pids, headers = {}, path, stop }: ImageServer): Contestant {
  const inFlight = 2 * CORES;
  return {
    key,
    name,
    inFlight,
    pids,
    async round(sources) {
      const clients = await Promise.all(Array.from({ length: inFlight }, () => Client.open(url)));
      try {
        return await timed(sources, clients, async (source, client, index) => {
          const status = await client.send(get(path(source, index), headers));
          if (status !== '200') throw new Error(`${name} answered ${status}: ${client.body.slice(0, 500)}`);
        });
      } finally {
        for (const client of clients) client.close();
      }
    },
    async picture(source) {
      const response = await fetch(url + path(source, 0), { headers });
      if (!response.ok) throw new Error(`${name} answered ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    },
    stop,
  };
}

/** sharp behind a bare HTTP server. */
export async function sharpOverHttp(folder: string): Promise<Contestant> {
  const { said: url, pid, stop } = await startScript('images/http-process.ts', [folder], environment());
  const path = ({ task, file }: Source) => `/${task.key}/${file}`;
  return overHttp({ key: 'http', name: 'sharp behind node:http', url, pids: { server: pid }, path, stop });
}

/** https://github.com/unjs/ipx */
export async function ipx(folder: string): Promise<Contestant> {
  const { said: url, pid, stop } = await startScript('peers/ipx-process.ts', [folder], environment());
  const path = ({ task, file }: Source) => {
    const quality = task.quality ? `,q_${task.quality}` : '';
    return `/s_${task.width}x${task.height},fit_inside,f_${task.format}${quality}/${file}`;
  };
  return overHttp({ key: 'ipx', name: 'IPX', url, pids: { server: pid }, path, stop });
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_ENV: 'production', UV_THREADPOOL_SIZE: String(CORES) };
}

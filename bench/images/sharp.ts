import { availableParallelism } from 'node:os';
import { startRemote } from '../remote.ts';
import type { Contestant } from './contestant.ts';
import type { Efforts } from './make-image.ts';
import type { SharpCalls } from './sharp-process.ts';

const CORES = availableParallelism();

/** sharp and nothing else, in a process of its own: the limit for all that are built on it. */
export async function bareSharp(key: string, name: string, efforts: Efforts): Promise<Contestant> {
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(CORES) };
  const remote = await startRemote<SharpCalls>([efforts], env, 'images/sharp-process.ts');
  return {
    key,
    name,
    inFlight: CORES,
    pids: { sharp: remote.pid },
    round: (sources) => remote.call('round', { sources, inFlight: CORES }),
    picture: async (source) => Buffer.from(await remote.call('picture', source), 'base64'),
    stop: () => remote.kill(),
  };
}

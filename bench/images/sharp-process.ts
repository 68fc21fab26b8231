// node sharp-process.ts <efforts>: bare sharp, told what to do over IPC. UV_THREADPOOL_SIZE says how many at once.
import { serveCalls } from '../serve-calls.ts';
import { timed } from './contestant.ts';
import { configureSharp, type Efforts, makeImage } from './make-image.ts';
import type { Source } from './tasks.ts';

const efforts = process.argv[2] as Efforts;
configureSharp();

/** What the harness may call. */
export type SharpCalls = typeof calls;

const calls = {
  round({ sources, inFlight }: { sources: Source[]; inFlight: number }) {
    return timed(sources, Array(inFlight).fill(undefined), async ({ path, task }) => {
      await makeImage(path, task, efforts);
    });
  },
  async picture({ path, task }: Source) {
    return (await makeImage(path, task, efforts)).toString('base64');
  },
};
serveCalls(calls);

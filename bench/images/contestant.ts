import type { Source } from './tasks.ts';

/** A system that makes images. */
export interface Contestant {
  key: string;
  name: string;
  /** Images that are asked for at once. */
  inFlight: number;
  /** Its processes; those that they started count with them. */
  pids: Record<string, number>;
  /** Makes these images, `inFlight` at once; milliseconds of each. Before that, whatever must be ready. */
  round(sources: Source[]): Promise<{ milliseconds: number[]; seconds: number }>;
  /** One image as it comes out. */
  picture(source: Source): Promise<Buffer>;
  stop(): Promise<void>;
}

/** Does `work` with each source, so many at once; milliseconds of each. */
export async function timed<Worker>(
  sources: Source[],
  workers: Worker[],
  work: (source: Source, worker: Worker, index: number) => Promise<void>,
): Promise<{ milliseconds: number[]; seconds: number }> {
  const milliseconds: number[] = [];
  const queue = sources.entries();
  const begin = performance.now();
  await Promise.all(
    workers.map(async (worker) => {
      for (const [index, source] of queue) {
        const start = performance.now();
        await work(source, worker, index);
        milliseconds.push(performance.now() - start);
      }
    }),
  );
  return { milliseconds, seconds: (performance.now() - begin) / 1_000 };
}

import type { Arena } from './arena.ts';
import { type RemoteProducer, type RemoteWorker, startRemote } from './remote.ts';
import { quantile } from './report.ts';
import type { System } from './systems.ts';

/** How many jobs each phase of a round has. */
export interface Sizes {
  inFlight: number;
  sequential: number;
  batched: number;
  batchSize: number;
  /** One by one, from adding to done. */
  waited: number;
}

export const SIZES: Sizes = { inFlight: 4_000, sequential: 300, batched: 10_000, batchSize: 1_000, waited: 200 };

/** A phase of single jobs ends after so many seconds, whatever it has by then. */
const PATIENCE_S = 3;
const WIDTH = 64;

/** What one round of one system showed. */
export interface Round {
  /** Jobs added per second. */
  sequential: number;
  inFlight: number;
  batched: number | undefined;
  drained: number;
  /** Milliseconds from adding to done, one by one. */
  p50: number;
  p99: number;
  /** Seconds of processor time per 10,000 jobs, by process: adding 64 at a time, and draining. */
  cpu: Record<string, number>;
}

/** A system whose two processes are up and warm. */
export interface Contestant {
  system: System;
  producer: RemoteProducer;
  worker: RemoteWorker;
  takesBatches: boolean;
}

/** Starts the processes of a system; nothing is measured yet. */
export async function enter(arena: Arena, system: System): Promise<Contestant> {
  const environment = arena.environment(system);
  const producer = (await startRemote([...system.peer, 'producer'], environment)) as RemoteProducer;
  const worker = (await startRemote([...system.peer, 'worker'], environment)) as RemoteWorker;
  return { system, producer, worker, takesBatches: await producer.call('takesBatches') };
}

/** One round: jobs are added while no worker runs, then drained, then added and awaited one by one. */
export async function measure(arena: Arena, contestant: Contestant, sizes: Sizes): Promise<Round> {
  const { system, producer, worker } = contestant;
  const cpu = () => arena.cpuSeconds(system, { producer: producer.pid, worker: worker.pid });
  await producer.call('reset');

  const atStart = await cpu();
  const inFlight = await producer.call('add', { count: sizes.inFlight, width: WIDTH });
  // What a system does right after it answered belongs to the adding: Tandem publishes then.
  await new Promise((resolve) => setTimeout(resolve, 700));
  const added = await cpu();

  const sequential = await producer.call('add', { count: sizes.sequential, width: 1, seconds: PATIENCE_S });
  const batched = contestant.takesBatches
    ? await producer.call('addBatches', { count: sizes.batched, size: sizes.batchSize })
    : undefined;
  if (!batched) await producer.call('add', { count: sizes.batched, width: WIDTH });
  const total = inFlight.added + sequential.added + sizes.batched;

  const beforeDrain = await cpu();
  const { at: begin } = await worker.call('start', 'count');
  const { at: end } = await producer.call('untilDone');
  const drained = await cpu();

  await worker.call('setMode', 'tell');
  const waited = await waitOneByOne(producer, worker, sizes.waited);
  await worker.call('stop');
  const perJob = (after: Record<string, number>, before: Record<string, number>, jobs: number, name: string) =>
    ((after[name]! - before[name]!) * 10_000) / jobs;
  return {
    sequential: sequential.perSecond,
    inFlight: inFlight.perSecond,
    batched: batched?.perSecond,
    drained: (total * 1_000) / (end - begin),
    p50: quantile(waited, 0.5)!,
    p99: quantile(waited, 0.99)!,
    cpu: Object.fromEntries(
      Object.keys(drained).map((name) => [
        name,
        perJob(added, atStart, inFlight.added, name) + perJob(drained, beforeDrain, total, name),
      ]),
    ),
  };
}

async function waitOneByOne(producer: RemoteProducer, worker: RemoteWorker, count: number): Promise<number[]> {
  const waited: number[] = [];
  const deadline = Date.now() + PATIENCE_S * 1_000;
  while (waited.length < count && Date.now() < deadline) {
    const done = worker.next('done');
    const { begin, end } = await producer.call('addOne');
    waited.push((end ?? (await done).at) - begin);
  }
  return waited;
}

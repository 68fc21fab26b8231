import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena } from './arena.ts';
import type { Contestant } from './measure-jobs.ts';
import { type RemoteWorker, startRemote } from './remote.ts';

/** Seconds after which nobody waits any longer. */
export const PATIENCE_S = 90;

/**
 * Seconds from the SIGKILL of a worker in mid-job until another one, which stands by, has done that job; Infinity when
 * that takes longer than {@link PATIENCE_S}.
 */
export async function measureRecovery(arena: Arena, { system, producer }: Contestant): Promise<number> {
  const start = async () => (await startRemote([...system.peer, 'worker'], arena.environment(system))) as RemoteWorker;
  await producer.call('reset');
  const [victim, heir] = await Promise.all([start(), start()]);
  await victim.call('start', 'hold');
  const began = victim.next('began');
  // Not `addOne`: a producer that waits for the end would wait in vain.
  await producer.call('add', { count: 1, width: 1 });
  await began;
  await heir.call('start', 'tell');
  const done = heir.next('done');
  const killed = performance.now();
  await victim.kill();
  const isDone = await Promise.race([done.then(() => true), sleep(PATIENCE_S * 1_000, false)]);
  const seconds = (performance.now() - killed) / 1_000;
  await heir.kill();
  return isDone ? seconds : Number.POSITIVE_INFINITY;
}

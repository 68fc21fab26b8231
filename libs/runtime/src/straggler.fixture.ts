/** A process whose only work ignores that it was aborted: it reads the FIFO of its argument, or waits for nothing. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lifecycle } from './lifecycle.js';
import { restartBySupervisor, Stragglers } from './stragglers.js';

const [fifo] = process.argv.slice(2);
const say = (_: unknown, message?: string) => console.log(message);
const logger = { info: say, warn: say, error: say, fatal: say } as never;

const lifecycle = new Lifecycle(logger);
lifecycle.onStop('neighbours', 30_000, async () => {
  await sleep(100);
  console.log('neighbours drained');
});
setInterval(() => {}, 1_000);
const work = fifo ? readFile(fifo) : new Promise(() => {});
const stragglers = new Stragglers(logger, restartBySupervisor(lifecycle));
void stragglers.watch(work, { job: '0199', command: 'media.transform', graceMs: 100 });
console.log('ready');

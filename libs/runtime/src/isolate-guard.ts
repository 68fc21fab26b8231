/** A thread of an isolated process. It ends the process when the parent is gone or the memory is used up. */
import { workerData } from 'node:worker_threads';

/** Whoever allocates 2 GB/s overshoots by 100 MB. */
const LOOK_MS = 50;

const { parent, memoryBytes } = workerData as { parent: number; memoryBytes: number };
let overMemory = false;

setInterval(() => {
  if (process.ppid !== parent || overMemory) process.kill(process.pid, 'SIGKILL');
  if (memoryBytes === 0 || process.memoryUsage.rss() <= memoryBytes) return;
  // A signal that nobody else sends tells the parent why. SIGKILL follows, should the work have a listener for it.
  overMemory = true;
  process.kill(process.pid, 'SIGUSR2');
}, LOOK_MS);

/**
 * The program of an isolated process (`isolated-child.ts` starts it): runs one function at a time, as its parent says.
 * It imports no sibling, so that it runs from the sources as well.
 */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

interface Task {
  module: string;
  name: string;
  input: unknown;
}

process.on('disconnect', () => process.exit());
// Ctrl-C and systemd signal whole groups of processes. The parent drains then, and needs its children until the end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
preferToDie();
const [parent, memoryBytes] = process.argv.slice(2, 4).map(Number);
const preload = process.argv[4];
// Should it fail, the run that needs the module says why.
if (preload) import(preload).catch(() => {});
// An endless loop hears no 'disconnect', so another thread watches.
new Worker(new URL(`./isolate-guard${extname(import.meta.filename)}`, import.meta.url), {
  workerData: { parent, memoryBytes },
  execArgv: [],
}).unref();

process.on('message', async ({ module, name, input }: Task) => {
  try {
    const work = (await import(module))[name];
    if (typeof work !== 'function') throw new TypeError(`${module} exports no function ${name}`);
    process.send!({ begun: true });
    const output = await work(input, (note: unknown) => process.send!({ note }));
    process.send!({ ok: true, output, residentBytes: process.memoryUsage.rss() });
  } catch (error) {
    sendError(error);
  }
});

function sendError(error: unknown): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const residentBytes = process.memoryUsage.rss();
  try {
    process.send!({ ok: false, error: { ...(error as object), name, message, stack }, residentBytes });
  } catch {
    // A field that cannot be copied, such as a function.
    process.send!({ ok: false, error: { name, message, stack }, residentBytes });
  }
}

/** Asks Linux's OOM killer to begin here, not with the parent. Everyone may ask for more of that; elsewhere it fails. */
function preferToDie(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // not Linux
  }
}

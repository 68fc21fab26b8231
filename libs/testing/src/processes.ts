import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit } from '@tandem/embedded/server-process';
import { atEndOfFile } from './cleanup.js';

/** A Node process to start for a test. */
export type ProcessOptions = {
  /** Names it in failures. */
  name: string;
  /** The script and its arguments. */
  args: string[];
  /** Added to our environment; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** A line of its output, or a URL that answers 2xx. */
  ready: RegExp | string;
  /** Default 60 s: a busy machine takes 30 to start what takes 3 alone. */
  timeoutMs?: number;
};

/** A started process. It is killed at the end of the test file at the latest. */
export type RunningProcess = {
  pid: number;
  /** All that it printed so far. */
  log(): string;
  /** Sends a signal (default SIGTERM) and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  exited: Promise<Exit>;
};

/** Starts a Node process and resolves when it is ready; fails with its name and log when it ends or stalls before. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { name, args, env, cwd, timeoutMs = 60_000 } = options;
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));
  const exited = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  await once(child, 'spawn');

  let ended = false;
  void exited.then(() => (ended = true));
  const kill = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return await exited;
  };
  atEndOfFile(() => kill('SIGKILL'));
  await dumpWhenTestFails(name, () => log);

  const deadline = Date.now() + timeoutMs;
  while (!(await isReady(options.ready, log))) {
    if (ended) throw new Error(`${name} ended before it was ready:\n${log}`);
    if (Date.now() > deadline) {
      await kill('SIGKILL');
      throw new Error(`${name} was not ready after ${timeoutMs} ms:\n${log}`);
    }
    await sleep(25);
  }
  return { pid: child.pid!, log: () => log, kill, exited };
}

async function isReady(ready: RegExp | string, log: string): Promise<boolean> {
  if (ready instanceof RegExp) return ready.test(log);
  try {
    const response = await fetch(ready, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

// Only a process that is started inside a test can be tied to that test's outcome.
async function dumpWhenTestFails(name: string, log: () => string): Promise<void> {
  if (!process.env.VITEST) return;
  const { onTestFailed } = await import('vitest');
  try {
    onTestFailed(() => console.error(`--- log of ${name} ---\n${log()}`));
  } catch {
    // started in a hook: whoever needs the log reads it from `log()`
  }
}

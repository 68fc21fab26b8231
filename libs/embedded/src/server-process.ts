import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from './privileges.js';

/** How a server ended. */
export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** A database or broker that runs as a child of this process. */
export type EmbeddedServer = {
  url: string;
  port: number;
  pid: number;
  /** Asks the server to finish, and kills it when it has not after 15 s. */
  stop(): Promise<void>;
  /** Kills the server at once, as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
  exited: Promise<Exit>;
};

const STOP_DEADLINE_MS = 15_000;
const LOG_LIMIT_BYTES = 20_000_000;

/** A spawned server: its life, and what it logged since this start. */
export type ServerProcess = Pick<EmbeddedServer, 'pid' | 'stop' | 'kill' | 'exited'> & {
  hasExited(): boolean;
  logTail(lines?: number): string;
};

/** Spawns a server whose output goes to `logFile`; `stopSignal` asks it to finish. */
export async function spawnServer(
  { file, args, uid, gid }: Command,
  { logFile, stopSignal, env }: { logFile: string; stopSignal: NodeJS.Signals; env?: NodeJS.ProcessEnv },
): Promise<ServerProcess> {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  const offset = size > LOG_LIMIT_BYTES ? 0 : size;
  const log = openSync(logFile, offset === 0 ? 'w' : 'a', 0o600);
  // A session of its own: Ctrl-C at a terminal goes to the whole process group, and a server must outlive our drain.
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], env, uid, gid });
  closeSync(log);
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await once(child, 'spawn');
  killWithUs(child, stopSignal);
  return {
    pid: child.pid!,
    exited,
    hasExited: () => hasExited(child),
    stop: async () => {
      child.kill(stopSignal);
      const deadline = new AbortController();
      await Promise.race([exited, sleep(STOP_DEADLINE_MS, undefined, { signal: deadline.signal }).catch(() => {})]);
      deadline.abort();
      child.kill('SIGKILL');
      await exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    logTail: (lines = 8) =>
      readFileSync(logFile).subarray(offset).toString().trim().split('\n').slice(-lines).join('\n'),
  };
}

/**
 * Polls until `isReady`, and fails when the server exits before or the deadline passes; the error then holds the last
 * lines of the server's log and `hint`.
 */
export async function waitUntilReady(
  server: ServerProcess,
  isReady: () => boolean | Promise<boolean>,
  { what, hint, timeoutMs }: { what: string; hint: string; timeoutMs: number },
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isReady())) {
    if (server.hasExited()) throw new Error(`${what} did not start. ${hint}\nIts last words:\n${server.logTail()}`);
    if (Date.now() > deadline) {
      await server.kill();
      throw new Error(
        `${what} was not ready after ${timeoutMs / 1000} s. ${hint}\nIts last words:\n${server.logTail()}`,
      );
    }
    await sleep(15);
  }
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

// Where the kernel cannot signal the server at our death (macOS, Windows), an orderly exit still takes it along.
function killWithUs(child: ChildProcess, signal: NodeJS.Signals): void {
  const kill = () => child.kill(signal);
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

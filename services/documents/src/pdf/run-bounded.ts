import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { findProgram } from './find-program.js';

/** What a process may take. */
export interface Bounds {
  /** Megabytes (1,048,576 bytes) of address space. */
  memoryMb: number;
  /** Of wall time, and of processor time. */
  seconds: number;
  /** Megabytes (1,000,000 bytes) of each file that it writes. */
  fileMb: number;
}

/** How a process ended. `stopped` says that it was killed for a limit that we keep. */
export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  stopped?: 'time' | 'output';
}

const MOST_OUTPUT = 16_000_000;
const MOST_MESSAGES = 64_000;

/**
 * Runs a program to its end, without a shell and with none of our environment. Where there is `prlimit` (util-linux), the
 * kernel keeps the bounds of memory and of files; elsewhere, as on macOS, time and output alone are bounded. Without any
 * time it is not begun. Rejects with the signal's reason when it aborts; the process is gone then.
 */
export function runBounded(
  program: string,
  args: readonly string[],
  { cwd, bounds, signal }: { cwd: string; bounds: Bounds; signal: AbortSignal },
): Promise<ProcessEnd> {
  signal.throwIfAborted();
  if (bounds.seconds <= 0)
    return Promise.resolve({ code: null, signal: null, stdout: '', stderr: '', stopped: 'time' });
  const [file, ...rest] = [...limiter(bounds), program, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(file!, rest, { cwd, env: { LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stopped: ProcessEnd['stopped'];
    const stop = (why: ProcessEnd['stopped']) => {
      stopped ??= why;
      child.kill('SIGKILL');
    };
    const abort = () => child.kill('SIGKILL');
    const timer = setTimeout(() => stop('time'), bounds.seconds * 1_000);
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    signal.addEventListener('abort', abort, { once: true });
    const stdout = collect(child.stdout, MOST_OUTPUT, () => stop('output'));
    const stderr = collect(child.stderr, MOST_MESSAGES);
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('close', (code, by) => {
      done();
      if (signal.aborted) reject(signal.reason);
      else resolve({ code, signal: by, stdout: stdout(), stderr: stderr(), stopped });
    });
  });
}

/** The time to a deadline (`performance.now()`); 0 where it has passed. */
export function millisecondsUntil(deadline: number): number {
  return Math.max(0, deadline - performance.now());
}

function limiter({ memoryMb, seconds, fileMb }: Bounds): string[] {
  const prlimit = process.platform === 'linux' && findProgram('prlimit');
  if (!prlimit) return [];
  return [
    prlimit,
    `--as=${memoryMb * 1_048_576}`,
    `--fsize=${fileMb * 1_000_000}`,
    `--cpu=${Math.ceil(seconds)}`,
    '--core=0',
    '--',
  ];
}

/** Reads all of a stream, and keeps its first `most` characters. */
function collect(stream: Readable, most: number, onTooMuch: () => void = () => {}): () => string {
  const chunks: string[] = [];
  let room = most;
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    if (chunk.length > room) onTooMuch();
    if (room > 0) chunks.push(chunk.slice(0, room));
    room = Math.max(0, room - chunk.length);
  });
  return () => chunks.join('');
}

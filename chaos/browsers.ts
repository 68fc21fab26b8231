import { readdirSync, readFileSync } from 'node:fs';
import type { SupervisedProcess } from './supervised-process.ts';
import type { Breakable } from './system.ts';

/** The browsers of a worker. It starts them again by itself. */
export function browsersOf(worker: SupervisedProcess): Breakable {
  const signal = (name: NodeJS.Signals) => {
    for (const pid of browserPids(worker.pid)) kill(pid, name);
  };
  return { signal, end: async (name) => signal(name), start: async () => {} };
}

/** Browsers below a process, and what they started. Frames, GPU and network have processes of their own. */
function browserPids(root: number | undefined): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = all.flatMap((name) => processOf(name) ?? []);
  const below = (pid: number): typeof found =>
    found.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)]);
  return root === undefined ? [] : below(root).flatMap(({ pid, name }) => (/chrom|headless/i.test(name) ? pid : []));
}

function processOf(pid: string): { pid: number; parent: number; name: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = stat.lastIndexOf(') ');
    const parent = Number(stat.slice(end + 2).split(' ')[1]);
    return { pid: Number(pid), parent, name: stat.slice(stat.indexOf('(') + 1, end) };
  } catch {
    return undefined; // it has just ended
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone already
  }
}

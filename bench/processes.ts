import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A script of this folder in a process of its own. */
export interface Script {
  child: ChildProcess;
  pid: number;
  /** Its first line. */
  said: string;
  /** Ends it in an orderly way; a process that ended already is fine. */
  stop(): Promise<void>;
}

/** Starts a script of this folder and waits for its first line. It ends with this process. */
export async function startScript(script: string, args: string[], env: NodeJS.ProcessEnv): Promise<Script> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').then(() => process.off('exit', kill));
  const [line] = await Promise.race([
    once(child.stdout!, 'data'),
    ended.then(() => Promise.reject(new Error(`${[script, ...args].join(' ')} ended before it was ready`))),
  ]);
  child.stdout!.resume();
  return {
    child,
    pid: child.pid!,
    said: String(line).trim(),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/**
 * Processor time that each of these processes used so far, in seconds, with all its children, those that ended
 * included (PostgreSQL is a family of processes). From /proc: 100 ticks a second on Linux.
 */
export async function cpuSeconds(pids: Record<string, number>): Promise<Record<string, number>> {
  const found = await allProcesses();
  const family = (pid: number): number =>
    found.filter(({ parent }) => parent === pid).reduce((sum, child) => sum + family(child.pid), own(pid));
  const own = (pid: number) => found.find((each) => each.pid === pid)?.seconds ?? 0;
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, family(pid)]));
}

/** Processor time of one process so far, in seconds, without its children. */
export async function cpuSecondsAlone(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(') ') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

/** Resident memory of a process in megabytes. */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1000);
}

/** Memory of these processes and all below them, in megabytes; what several share counts once (proportional set size). */
export async function residentFamilyMegabytes(pids: number[]): Promise<number> {
  const found = await allProcesses();
  const family = (pid: number): number[] => [
    pid,
    ...found.filter(({ parent }) => parent === pid).flatMap((child) => family(child.pid)),
  ];
  const members = [...new Set(pids.flatMap(family))];
  const texts = await Promise.all(
    members.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => 'Pss: 0 kB')),
  );
  return texts.reduce((sum, text) => sum + Number(/Pss:\s+(\d+)/.exec(text)?.[1] ?? 0), 0) / 1_000;
}

async function allProcesses(): Promise<{ pid: number; parent: number; seconds: number }[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(names.map((name) => readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')));
  return stats.filter(Boolean).map((stat) => {
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
    return { pid: Number.parseInt(stat, 10), parent: Number(fields[1]), seconds: ticks / 100 };
  });
}

import { readFileSync } from 'node:fs';

/**
 * A name for one life of a process, `pid:start-time` where /proc tells the start time. A bare pid is not enough: in a
 * container the pids of the last run are handed out again, to other programs.
 */
export function processIdentity(pid: number): string {
  const start = startTime(pid);
  return start === undefined ? String(pid) : `${pid}:${start}`;
}

/** Whether the process that `processIdentity` named is still alive. */
export function isAlive(identity: string): boolean {
  const pid = Number.parseInt(identity, 10);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return processIdentity(pid) === identity && state(pid) !== 'Z';
}

/** The program that runs under `pid`, where /proc tells. */
export function programName(pid: number): string | undefined {
  return read(`/proc/${pid}/comm`)?.trim();
}

// proc(5): the second field is the name in parentheses and may hold anything; state is field 3, start time field 22.
function fields(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function startTime(pid: number): string | undefined {
  return fields(pid)?.[19];
}

function state(pid: number): string | undefined {
  return fields(pid)?.[0];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

import { readdirSync, readFileSync } from 'node:fs';

/** A process of a browser. */
export interface ProcessMemory {
  pid: number;
  /** Resident bytes that it does not share. */
  ownBytes: number;
  renderer: boolean;
}

const PAGE_BYTES = 4_096;

/**
 * The resident memory of a process group, from /proc; nothing where there is no /proc. What the processes share (the
 * program, its data) is counted once: the sum of their resident sizes would be twice the truth.
 */
export function groupMemory(group: number): { processes: ProcessMemory[]; bytes: number } {
  const processes: ProcessMemory[] = [];
  let shared = 0;
  for (const name of list()) {
    const pid = Number(name);
    const stat = read(`/proc/${pid}/stat`);
    // proc(5): the second field is the name in parentheses and may hold anything; the state is field 3, the group field 5.
    const [state, , itsGroup] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    if (Number(itsGroup) !== group || state === 'Z') continue;
    const [, resident = 0, common = 0] = (read(`/proc/${pid}/statm`) ?? '').split(' ').map(Number);
    const renderer = read(`/proc/${pid}/cmdline`)?.includes('--type=renderer') ?? false;
    processes.push({ pid, ownBytes: (resident - common) * PAGE_BYTES, renderer });
    shared = Math.max(shared, common * PAGE_BYTES);
  }
  return { processes, bytes: processes.reduce((sum, { ownBytes }) => sum + ownBytes, shared) };
}

function list(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // it has ended meanwhile
  }
}

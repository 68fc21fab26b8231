import { readdir, readFile } from 'node:fs/promises';
import { residentMegabytes } from '../processes.ts';

/** Resident memory of the media service, in megabytes. What processes share counts in each. */
export interface Sample {
  /** Jobs that had ended. */
  jobs: number;
  parent: number;
  processes: number;
  sum: number;
}

/** Looks at the service and at the image processes that it has now. */
export async function sample(pid: number, jobs: number): Promise<Sample> {
  const children = await Promise.all((await childrenOf(pid)).map((child) => residentMegabytes(child).catch(() => 0)));
  const parent = await residentMegabytes(pid);
  const processes = children.reduce((sum, each) => sum + each, 0);
  return { jobs, parent, processes, sum: parent + processes };
}

/** How many of the image processes have jemalloc mapped, of how many. */
export async function withJemalloc(pid: number): Promise<{ found: number; of: number }> {
  const children = await childrenOf(pid);
  const maps = await Promise.all(children.map((child) => readFile(`/proc/${child}/maps`, 'utf8').catch(() => '')));
  return { found: maps.filter((text) => text.includes('jemalloc')).length, of: children.length };
}

async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

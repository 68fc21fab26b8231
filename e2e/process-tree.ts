import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { processIdentity } from '@tandem/embedded/process-identity';

/** How a command ended, and all that it printed. */
export type Ended = { code: number; stdout: string; stderr: string };

/** Runs a compiled script with `env` on top of our environment until it ends; kills it after 90 s. */
export function runToEnd(script: string, env: Record<string, string | undefined>): Promise<Ended> {
  const options = { env: { ...process.env, ...env }, timeout: 90_000, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** The processes below `pid`, as identities that outlive their pids. Linux only. */
export function descendants(pid: number): string[] {
  const children = Map.groupBy(parents(), ([, parent]) => parent);
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap(([child]) => [child, ...below(child)]);
  return below(pid).map(processIdentity);
}

function parents(): [pid: number, parent: number][] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return [[Number(name), Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1])]];
    } catch {
      return []; // it ended while we looked
    }
  });
}

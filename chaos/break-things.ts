import { setTimeout as sleep } from 'node:timers/promises';
import { describe, type Fault } from './plan.ts';
import type { System } from './system.ts';

/** A fault as it happened. */
export interface Happened extends Fault {
  /** When it struck and when everything that it had taken was given back, in ms since the first job. */
  struckMs: number;
  overMs: number;
}

const LEAD_MS = 150;

/**
 * Does what the plan says, each fault at its time even while another is under way; two faults of one process wait for
 * each other. `before` is called shortly before each, to put work into the system for the fault to hit.
 */
export async function breakThings(
  system: System,
  faults: Fault[],
  {
    clock,
    before,
    say,
    interrupted,
  }: { clock: () => number; before: () => void; say: (line: string) => void; interrupted: AbortSignal },
): Promise<Happened[]> {
  const happened: Happened[] = [];
  const lines = new Map<string, Promise<void>>();
  const strike = async (fault: Fault) => {
    before();
    await sleep(LEAD_MS);
    const struckMs = clock();
    say(`fault: ${describe(fault)}`);
    const entry: Happened = { ...fault, struckMs, overMs: Number.POSITIVE_INFINITY };
    happened.push(entry);
    await inflict(system, fault);
    entry.overMs = clock();
    say(`over:  ${fault.kind} ${fault.target}, ${((entry.overMs - struckMs) / 1_000).toFixed(1)} s after it struck`);
  };
  for (const fault of faults) {
    await sleep(Math.max(0, fault.atMs - LEAD_MS - clock()), undefined, { signal: interrupted });
    lines.set(
      fault.target,
      (lines.get(fault.target) ?? Promise.resolve()).then(() => strike(fault)),
    );
  }
  await Promise.all(lines.values());
  return happened;
}

async function inflict({ parts, links }: System, { kind, target, forMs, direction, ending }: Fault): Promise<void> {
  const verb = kind.split(' ')[0];
  if (verb === 'cut') {
    const link = links.get(target)!;
    link.cut(direction!);
    await sleep(forMs);
    return link.mend(ending!);
  }
  const part = parts.get(target)!;
  if (verb === 'freeze') {
    part.signal('SIGSTOP');
    await sleep(forMs);
    return part.signal('SIGCONT');
  }
  // An immediate shutdown (SIGQUIT) leaves PostgreSQL to recover from its log as after a crash.
  const gentle = target === 'postgres' ? 'SIGQUIT' : 'SIGTERM';
  await part.end(verb === 'restart' ? gentle : 'SIGKILL', verb === 'wipe');
  await sleep(forMs);
  await part.start();
}

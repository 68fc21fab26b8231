import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, processIdentity } from './process-identity.js';

const ORPHAN_GRACE_MS = 20_000;

type Owner = { owner: string; server: string };

/**
 * Makes sure that nobody serves `dir`: a server whose starter is dead is stopped first (it may still be shutting down
 * because its starter was killed), one that somebody uses is an error which names the directory and the pid.
 */
export async function takeOver(dir: string, what: string): Promise<void> {
  const last = readOwner(dir);
  if (!last || !isAlive(last.server)) return;
  const pid = Number.parseInt(last.server, 10);
  if (isAlive(last.owner)) {
    throw new Error(
      `${what} (pid ${pid}) already runs on ${dir}, started by process ${Number.parseInt(last.owner, 10)}. ` +
        'Stop that Tandem first, or give this one another data directory.',
    );
  }
  process.kill(pid, 'SIGINT');
  for (const deadline = Date.now() + ORPHAN_GRACE_MS; isAlive(last.server) && Date.now() < deadline; ) await sleep(50);
  if (isAlive(last.server)) process.kill(pid, 'SIGKILL');
  while (isAlive(last.server)) await sleep(20);
}

/** Notes that this process runs the server `pid` on `dir`. */
export function recordOwner(dir: string, pid: number): void {
  const owner: Owner = { owner: processIdentity(process.pid), server: processIdentity(pid) };
  writeFileSync(ownerFile(dir), JSON.stringify(owner), { mode: 0o600 });
}

/** Forgets the note of `recordOwner`. */
export function forgetOwner(dir: string): void {
  rmSync(ownerFile(dir), { force: true });
}

function ownerFile(dir: string): string {
  return `${dir}.owner`;
}

function readOwner(dir: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(ownerFile(dir), 'utf8'));
  } catch {
    return undefined; // none yet, or cut short by a crash while it was written
  }
}

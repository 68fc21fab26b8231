import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A command ready for `spawn`. */
export type Command = { file: string; args: string[]; uid?: number; gid?: number };

/** The account that a server runs as; undefined means the one that we run as. */
export type Account = { uid: number; gid: number } | undefined;

const CAP_DAC_OVERRIDE = 1n << 1n;

/** PostgreSQL refuses to run as root, so there it gets the `postgres` account of the machine, or else `nobody`. */
export function unprivilegedAccount(): Account {
  if (process.getuid?.() !== 0) return undefined;
  return lookUp('postgres') ?? lookUp('nobody') ?? { uid: 65534, gid: 65534 };
}

/**
 * Wraps a command so that it runs as `account` and, on Linux, gets `signalOnOurDeath` when the thread that starts it
 * dies, even by SIGKILL: no server outlives us. CAP_DAC_OVERRIDE lets the account read a checkout and a data directory
 * that only root may enter (one under /root, or made by mktemp -d) without changing the modes of anybody's folders.
 */
export function wrap(
  file: string,
  args: string[],
  { account, signalOnOurDeath }: { account?: Account; signalOnOurDeath?: 'INT' | 'TERM' },
): Command {
  const setpriv = process.platform === 'linux' ? onPath('setpriv') : undefined;
  if (!setpriv) return { file, args, ...account };
  const options = signalOnOurDeath ? ['--pdeathsig', signalOnOurDeath] : [];
  if (account) options.push(`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups');
  if (account && mayOverrideModes()) {
    // access(2) ignores the capabilities of everybody but root unless no_setuid_fixup is set, and initdb relies on it.
    options.push('--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup');
  }
  return { file: setpriv, args: [...options, '--', file, ...args] };
}

/** The first executable called `name` on the PATH. */
export function onPath(name: string): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, name));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

// A container started with --cap-drop lacks it; there the folders must be readable for the account.
function mayOverrideModes(): boolean {
  const permitted = readFileSync('/proc/self/status', 'utf8').match(/^CapPrm:\s*([0-9a-f]+)/m)?.[1] ?? '0';
  return (BigInt(`0x${permitted}`) & CAP_DAC_OVERRIDE) !== 0n;
}

function lookUp(name: string): Account {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

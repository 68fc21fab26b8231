import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fetchFromDebian } from './debian-package.mjs';
import { onPath } from './exec.mjs';
import { SetupError, step } from './step.mjs';

const OLDEST = [2, 12];

/**
 * The path of a nats-server 2.12 or newer, from NATS_SERVER_BIN, the PATH, our cache, or fetched into the cache now;
 * undefined when NATS_URL names a running server.
 */
export async function ensureNatsServer(root) {
  if (process.env.NATS_URL) return undefined;
  return findNatsServer(root) ?? (await fetchNatsServer(root));
}

/** Like `ensureNatsServer`, but only looks: undefined when there is none. */
export function findNatsServer(root) {
  const chosen = process.env.NATS_SERVER_BIN;
  if (chosen) {
    const version = versionOf(chosen);
    if (isNewEnough(version)) return chosen;
    throw new SetupError(
      version
        ? `nats-server ${version} is too old: Tandem needs 2.12 or newer. Set NATS_SERVER_BIN to a newer one.`
        : `NATS_SERVER_BIN=${chosen} does not run: set it to a nats-server 2.12 or newer, or unset it.`,
    );
  }
  return [onPath('nats-server'), cached(root)].find((path) => path && isNewEnough(versionOf(path)));
}

// There is no download of a pinned GitHub release yet: it needs the SHA-256 of a final release for each platform,
// copied from that release's SHA256SUMS. An unverified download is no alternative.
async function fetchNatsServer(root) {
  let reason = 'no way to fetch it is known for this system';
  if (process.platform === 'linux') {
    try {
      return await step('fetching nats-server', async () => {
        await fetchFromDebian({ packageName: 'nats-server', into: cacheDir(root) });
        const path = cached(root);
        if (!path || !isNewEnough(versionOf(path)))
          throw new SetupError('the package holds no nats-server 2.12 that runs here');
        return path;
      });
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      reason = error.message;
    }
  }
  throw new SetupError(`nats-server 2.12 or newer is needed, and it was not found (${reason}). ${remedy()}`);
}

function remedy() {
  const ways = {
    darwin: 'Install it with: brew install nats-server.',
    win32: 'Install it with: winget install NATSAuthors.NATSServer.',
    linux:
      'Install it with: go install github.com/nats-io/nats-server/v2@latest, or apt install nats-server where that is 2.12.',
  };
  const install = ways[process.platform] ?? 'Install it with: go install github.com/nats-io/nats-server/v2@latest.';
  return `${install} Or set NATS_SERVER_BIN to the program, or NATS_URL to a running server.`;
}

function cacheDir(root) {
  return join(root, '.cache', 'nats-server');
}

// A Debian package puts the program into usr/sbin.
function cached(root) {
  const path = join(cacheDir(root), 'usr', 'sbin', 'nats-server');
  return existsSync(path) ? path : undefined;
}

function versionOf(path) {
  try {
    const output = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return output.match(/^nats-server: v?(\d+\.\d+\S*)/)?.[1];
  } catch {
    return undefined;
  }
}

function isNewEnough(version) {
  const [major, minor] = (version ?? '0.0').split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Account, wrap } from './privileges.js';

/** Makes a database cluster in `dataDir` when there is none yet, and returns the password of its user `postgres`. */
export async function initCluster(
  initdb: string,
  { dataDir, durable }: { dataDir: string; durable: boolean },
  account: Account,
): Promise<string> {
  const passwordFile = `${dataDir}.password`;
  if (existsSync(join(dataDir, 'PG_VERSION'))) return readPassword(passwordFile, dataDir);

  mkdirSync(dirname(dataDir), { recursive: true });
  const password = randomBytes(24).toString('hex');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  // initdb fills a directory beside, which is renamed when complete: a start that was killed leaves no half a cluster.
  const draft = `${dataDir}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  if (account) for (const path of [passwordFile, draft]) chownSync(path, account.uid, account.gid);
  const sync = durable ? [] : ['--no-sync'];
  await run(initdb, ['-D', draft, `--pwfile=${passwordFile}`, ...sync], account);
  renameSync(draft, dataDir);
  return password;
}

async function run(initdb: string, options: string[], account: Account): Promise<void> {
  const args = [...options, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8'];
  // The built-in C.UTF-8 locale sorts the same on every system and needs no locale to be installed.
  args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions');
  const { file, args: wrapped, ...ids } = wrap(initdb, args, { account, signalOnOurDeath: 'TERM' });
  try {
    await promisify(execFile)(file, wrapped, { ...ids, env: serverEnv() });
  } catch (error) {
    const { stderr, stdout, message } = error as { stderr?: string; stdout?: string; message: string };
    throw new Error(
      `PostgreSQL could not make its data directory (initdb ${options.join(' ')}):\n${(stderr || stdout || message).trim()}`,
    );
  }
}

/** The environment for PostgreSQL's programs: ours without PG* variables, which would change where they look. */
export function serverEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG|NODE_|npm_)/i.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
}

function readPassword(file: string, dataDir: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Error(
      `${dataDir} holds a PostgreSQL cluster, but its password file ${file} is missing. Put the file back, ` +
        'or move both away to start with an empty database.',
      { cause },
    );
  }
}

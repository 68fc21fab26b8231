import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A command ready for `spawn`. */
export interface Command {
  file: string;
  args: string[];
  uid?: number;
  gid?: number;
}

/** `nobody` on most systems. An account need not be listed anywhere to own a process. */
const NOBODY = 65_534;
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];

/** The user whom a browser runs as when we are root: root's browser could read everything, and has no sandbox. */
export function browserUser(): number | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/** A command that runs `program` as {@link browserUser}, and on Linux dies with us even when it hangs and we are killed. */
export function withLeastPrivilege(program: string, args: string[]): Command {
  const uid = browserUser();
  const setpriv = process.platform === 'linux' ? SETPRIV.find(isProgram) : undefined;
  if (!setpriv) return { file: program, args, ...(uid === undefined ? {} : { uid, gid: uid }) };
  const options = ['--pdeathsig', 'KILL'];
  if (uid !== undefined) options.push(`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups');
  return { file: setpriv, args: [...options, '--', program, ...args] };
}

/** Why {@link browserUser} cannot run `program`, when that is so. */
export function obstacle(program: string): string | undefined {
  if (browserUser() === undefined || everybodyMayRun(program)) return undefined;
  return 'As root, Tandem runs Chromium as nobody, who may not enter its folder. Open the folder to everybody, or set CHROMIUM_BIN to a Chromium elsewhere.';
}

function everybodyMayRun(program: string): boolean {
  if (!isProgram(program)) return true; // which is another obstacle
  for (let folder = dirname(program); folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
  }
  return (statSync(program).mode & 0o005) === 0o005;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

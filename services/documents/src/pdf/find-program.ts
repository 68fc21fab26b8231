import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['/usr/bin', '/usr/local/bin', '/bin', '/opt/homebrew/bin'];

/** The path of a program: the one that is configured, or one where systems put it; undefined when there is none. */
export function findProgram(name: string, configured?: string): string | undefined {
  return (configured ? [configured] : FOLDERS.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

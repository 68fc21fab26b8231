import { accessSync, constants } from 'node:fs';
import { basename, join } from 'node:path';

/** Programs that will do, the fastest first. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/snap/bin'];

/** The path of a Chromium: the one that is configured, or one where systems put it; undefined when there is none. */
export function findChromium(configured: string | undefined): string | undefined {
  const usual = NAMES.flatMap((name) => FOLDERS.map((folder) => join(folder, name)));
  const found = (configured ? [configured] : usual).find(isProgram);
  return found && behindScript(found);
}

/** Debian's scripts in /usr/bin stay there as a process in between, which signals would reach instead of the browser. */
function behindScript(program: string): string {
  const binary = join('/usr/lib/chromium', basename(program));
  return program.startsWith('/usr/bin/') && isProgram(binary) ? binary : program;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

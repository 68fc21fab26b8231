import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Programs that will do, the fastest first. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/snap/bin'];

/** The path of a Chromium: the one that is configured, or one where systems put it; undefined when there is none. */
export function findChromium(configured: string | undefined): string | undefined {
  const usual = NAMES.flatMap((name) => FOLDERS.map((folder) => join(folder, name)));
  return (configured ? [configured] : usual).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

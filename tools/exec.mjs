import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Runs a program to its end and collects what it prints; a program that cannot be started counts as code 127. */
export function exec(file, args, { cwd, env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    let stdout = '';
    let output = '';
    child.stdout.on('data', (data) => {
      stdout += data;
      output += data;
    });
    child.stderr.on('data', (data) => {
      output += data;
    });
    child.once('error', (error) => resolve({ code: 127, stdout, output: `${file}: ${error.message}` }));
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, output }));
  });
}

/** The first executable called `name` on the PATH. */
export function onPath(name) {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  const dirs = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return dirs.flatMap((dir) => suffixes.map((suffix) => join(dir, name + suffix))).find(isExecutable);
}

/** Whether `path` is a program that we may run. */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

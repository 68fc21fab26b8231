import { existsSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@tandem/testing/eventually';
import { type RunningProcess, startProcess } from '@tandem/testing/processes';
import { expect, it } from 'vitest';
import { makeScratchFolder } from './scratch-folder.js';

const scratching = () =>
  startProcess({
    name: 'scratching',
    args: ['--experimental-transform-types', join(import.meta.dirname, 'scratching.fixture.ts')],
    ready: /made \S+/,
  });
const folderOf = (process: RunningProcess) => process.log().match(/made (\S+)/)![1]!;

it('goes when the next process begins, also where that one has the number of the one that was killed', async () => {
  const left = join(tmpdir(), `tandem-test-${process.pid}-killed`);
  await mkdir(left);
  await utimes(left, 1, 1);
  await using own = await makeScratchFolder('test');
  await eventually(() => expect(existsSync(left)).toBe(false));
  expect(existsSync(own.path)).toBe(true);
});

it('goes with its files once it is done with', async () => {
  const folder = await makeScratchFolder('test');
  await writeFile(join(folder.path, 'file'), 'é');
  await folder.remove();
  expect(existsSync(folder.path)).toBe(false);
});

it('goes when the next process begins, if its own was killed, and stays while its own lives', async () => {
  const [killed, alive] = await Promise.all([scratching(), scratching()]);
  await killed.kill('SIGKILL');
  expect(existsSync(folderOf(killed))).toBe(true);
  const next = await scratching();
  await eventually(() => expect(existsSync(folderOf(killed))).toBe(false));
  expect([alive, next].map((process) => existsSync(folderOf(process)))).toEqual([true, true]);
});

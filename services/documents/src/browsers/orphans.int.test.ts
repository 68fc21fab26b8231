import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@tandem/testing/eventually';
import { startProcess } from '@tandem/testing/processes';
import { expect, it, onTestFinished } from 'vitest';
import { groupMemory } from './process-memory.js';

const SOURCES = import.meta.resolve('@tandem/runtime/resolve-sources');

it.each(['running', 'hanging'])(
  'leaves no process of a %s browser and no profile when the service is killed',
  async (how) => {
    // A folder of its own: browsers of other tests come and go in the common one.
    const folder = mkdtempSync(join(tmpdir(), 'tandem-orphans-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755); // the browser is another user
    const service = await startProcess({
      name: 'pool',
      args: [
        '--conditions=tandem-source',
        '--experimental-transform-types',
        '--import',
        SOURCES,
        join(import.meta.dirname, 'pooling.fixture.ts'),
      ],
      env: { TMPDIR: folder },
      ready: /browser \d+/,
    });
    const pid = Number(service.log().match(/browser (\d+)/)![1]);
    await eventually(() => expect(groupMemory(pid).processes.length).toBeGreaterThan(3));
    if (how === 'hanging') process.kill(pid, 'SIGSTOP');
    await service.kill('SIGKILL');
    await eventually(() => groupMemory(pid).processes.length === 0);
    expect(readdirSync(folder).filter((name) => /chromium/i.test(name))).toEqual([]);
  },
);

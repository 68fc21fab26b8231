import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@tandem/testing/eventually';
import { startProcess } from '@tandem/testing/processes';
import { expect, it } from 'vitest';
import { groupMemory } from './process-memory.js';

const SOURCES = import.meta.resolve('@tandem/runtime/resolve-sources');
const profiles = () => readdirSync(tmpdir()).filter((name) => /chromium/i.test(name));

it.each(['running', 'hanging'])(
  'leaves no process of a %s browser and no profile when the service is killed',
  async (how) => {
    const before = profiles();
    const service = await startProcess({
      name: 'pool',
      args: [
        '--conditions=tandem-source',
        '--experimental-transform-types',
        '--import',
        SOURCES,
        join(import.meta.dirname, 'pooling.fixture.ts'),
      ],
      ready: /browser \d+/,
    });
    const pid = Number(service.log().match(/browser (\d+)/)![1]);
    expect(groupMemory(pid).processes.length).toBeGreaterThan(3);
    if (how === 'hanging') process.kill(pid, 'SIGSTOP');
    await service.kill('SIGKILL');
    await eventually(() => groupMemory(pid).processes.length === 0);
    expect(profiles()).toEqual(before);
  },
);

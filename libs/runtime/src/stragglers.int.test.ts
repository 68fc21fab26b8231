import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handlersAbandoned } from '@tandem/telemetry/metrics';
import { atEndOfFile } from '@tandem/testing/cleanup';
import { startProcess } from '@tandem/testing/processes';
import { beforeEach, describe, expect, it } from 'vitest';
import { Stragglers } from './stragglers.js';

const WORK = { job: '0199', command: 'media.transform', graceMs: 30 };

const folder = mkdtempSync(join(tmpdir(), 'straggler-'));
atEndOfFile(() => rm(folder, { recursive: true }));
const fifo = join(folder, 'fifo');
execFileSync('mkfifo', [fifo]);

let lines: string[];
let reasons: string[];
beforeEach(() => {
  lines = [];
  reasons = [];
  handlersAbandoned.reset();
});

const note = (_: unknown, message?: string) => void lines.push(message ?? '');
const logger = { error: note, info: note } as never;
const abandonedNow = async () => (await handlersAbandoned.get()).values.map(({ value }) => value);

describe('Stragglers', () => {
  it('counts and says nothing when aborted work ends within its grace, even with an error', async () => {
    const stragglers = new Stragglers(logger, (reason) => void reasons.push(reason));
    expect(await stragglers.watch(Promise.reject(new Error('aborted')), WORK)).toBe(false);
    expect(await stragglers.watch(Promise.resolve(), WORK)).toBe(false);
    expect([lines, reasons, await abandonedNow()]).toEqual([[], [], []]);
  });

  it('gives up once, however much work is abandoned, and names the first', async () => {
    const stragglers = new Stragglers(logger, (reason) => void reasons.push(reason));
    const never = new Promise(() => {});
    const watched = [stragglers.watch(never, WORK), stragglers.watch(never, { ...WORK, job: '0200' })];
    expect(await Promise.all(watched)).toEqual([true, true]);
    expect(reasons).toEqual(['job 0199 of media.transform ignores that it was aborted']);
    expect(await abandonedNow()).toEqual([2]);
  });

  it('only logs and counts without a way to give up, until the work ends after all', async () => {
    const { promise, reject } = Promise.withResolvers();
    expect(await new Stragglers(logger).watch(promise, WORK)).toBe(true);
    expect(await abandonedNow()).toEqual([1]);
    reject(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await abandonedNow()).toEqual([0]);
    expect(lines).toEqual(['a handler ignores that it was aborted', 'an abandoned handler ended after all']);
  });
});

describe('restartBySupervisor', () => {
  it.each([
    ['an await that never settles', []],
    ['a native call that never returns', [fifo]],
  ])('drains the process and ends it with a failure: %s', async (_, args) => {
    const sources = new URL('./resolve-sources.ts', import.meta.url).href;
    const script = join(import.meta.dirname, 'straggler.fixture.ts');
    const flags = ['--conditions=tandem-source', '--import', sources];
    const worker = await startProcess({ name: 'worker', args: [...flags, script, ...args], ready: /ready/ });
    expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(worker.log().trim().split('\n')).toEqual([
      'ready',
      'a handler ignores that it was aborted',
      'stopping',
      'neighbours drained',
      'stopped',
    ]);
  });
});

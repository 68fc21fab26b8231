import { join } from 'node:path';
import { eventually } from '@tandem/testing/eventually';
import { startProcess } from '@tandem/testing/processes';
import { expect, it } from 'vitest';

const LIMIT_MS = 1_000;
const KILLED = { code: null, signal: 'SIGKILL' };

function start(how: string[], { limitMs = LIMIT_MS, flags = [] as string[], ready = /blocks/ } = {}) {
  const sources = new URL('./resolve-sources.ts', import.meta.url).href;
  const script = join(import.meta.dirname, 'blocked.fixture.ts');
  return startProcess({
    name: 'blocked',
    args: [...flags, '--import', sources, script, String(limitMs), ...how],
    ready,
  });
}

const spinFor = (ms: number) => ['spin', String(ms)];

it('kills a process whose event loop is blocked, soon after the limit, and says what ran and where', async () => {
  const blocked = await start(spinFor(30_000));
  expect(await blocked.exited).toEqual(KILLED);
  const line = JSON.parse(blocked.log().split('\n')[1]!);
  expect(line).toMatchObject({
    level: 'fatal',
    service: 'media',
    pid: blocked.pid,
    limitMs: LIMIT_MS,
    running: ['media.transform 0199'],
    msg: 'the event loop was blocked for too long, the process is killed',
  });
  expect(line.stack[0]).toMatch(/^spin \(.*blocked\.fixture\.ts:\d+\)$/);
  // By the count of the thread: how long the kill takes on the clock is the machine's affair.
  expect(line.blockedMs).toBeGreaterThan(LIMIT_MS);
  expect(line.blockedMs).toBeLessThan(LIMIT_MS * 1.5);
});

it('kills a process that is blocked in native code', async () => {
  const blocked = await start(['native']);
  expect(await blocked.exited).toEqual(KILLED);
  expect(blocked.log()).toContain('does not answer');
});

it('leaves a process alone that blocks for less than the limit', async () => {
  const blocked = await start(spinFor(1.5 * LIMIT_MS), { limitMs: 3 * LIMIT_MS });
  await eventually(() => blocked.log().includes('lives'));
  expect(await blocked.kill()).toEqual({ code: null, signal: 'SIGTERM' });
});

it('does not take a stopped process (SIGSTOP, a suspended laptop) for a blocked one', async () => {
  const stopped = await start(['nothing']);
  process.kill(stopped.pid, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 3 * LIMIT_MS)); // the time itself is what is tested
  process.kill(stopped.pid, 'SIGCONT');
  await new Promise((resolve) => setTimeout(resolve, 1.5 * LIMIT_MS));
  expect(stopped.log()).not.toContain('fatal');
  expect(await stopped.kill()).toEqual({ code: null, signal: 'SIGTERM' });
});

it('holds back under a debugger', async () => {
  const debugged = await start(spinFor(2.5 * LIMIT_MS), { flags: ['--inspect=127.0.0.1:0'] });
  await eventually(() => debugged.log().includes('lives'));
  await debugged.kill();
});

it('holds back when a debugger is opened to see what blocks', async () => {
  const debugged = await start(spinFor(6 * LIMIT_MS), {
    limitMs: 3 * LIMIT_MS,
    flags: ['--inspect-port=127.0.0.1:0'],
  });
  process.kill(debugged.pid, 'SIGUSR1');
  await eventually(() => debugged.log().includes('lives'));
  await debugged.kill();
});

it('does not keep its process alive', async () => {
  const watched = await start(['end'], { ready: /ends/ });
  expect(await watched.exited).toEqual({ code: 0, signal: null });
});

it('watches no longer once stopped', async () => {
  const watched = await start(['stop', String(2.5 * LIMIT_MS)]);
  await eventually(() => watched.log().includes('lives'));
  await watched.kill();
});

import { eventually } from '@tandem/testing/eventually';
import { type RunningProcess, startProcess } from '@tandem/testing/processes';
import { expect, it } from 'vitest';

const LIMIT_MS = 1_000;
const KILLED = { code: null, signal: 'SIGKILL' };

/** Says `blocks` and then runs `block`; a process that lives on says `lives`, and goes on until it is killed. */
function start(block: string, flags: string[] = []): Promise<RunningProcess> {
  const watchdog = new URL('./event-loop-watchdog.ts', import.meta.url);
  const code = `const { startEventLoopWatchdog } = await import('${watchdog}');
    const watchdog = startEventLoopWatchdog({ service: 'media', limitMs: ${LIMIT_MS} });
    watchdog.running('media.transform done')();
    watchdog.running('media.transform 0199');
    function render() { ${block} }
    setTimeout(() => { console.log('blocks'); render(); console.log('lives'); setInterval(() => {}, 1000); }, 300);`;
  return startProcess({ name: 'blocked', args: [...flags, '--input-type=module', '-e', code], ready: /blocks/ });
}

const SPIN = 'for (;;);';
const spinFor = (ms: number) => `const end = Date.now() + ${ms}; while (Date.now() < end);`;

it('kills a process whose event loop is blocked, within a second of the limit, and says what ran and where', async () => {
  const blocked = await start(SPIN);
  const before = Date.now();
  expect(await blocked.exited).toEqual(KILLED);
  expect(Date.now() - before).toBeLessThan(LIMIT_MS + 1_000);
  const line = JSON.parse(blocked.log().split('\n')[1]!);
  expect(line).toMatchObject({
    level: 'fatal',
    service: 'media',
    pid: blocked.pid,
    limitMs: LIMIT_MS,
    running: ['media.transform 0199'],
    msg: 'the event loop was blocked for too long, the process is killed',
  });
  expect(line.stack[0]).toMatch(/^render \(/);
  expect(line.blockedMs).toBeGreaterThan(LIMIT_MS);
});

it('kills a process that is blocked in native code', async () => {
  const blocked = await start("process.getBuiltinModule('child_process').execFileSync('sleep', ['30'])");
  expect(await blocked.exited).toEqual(KILLED);
  expect(blocked.log()).toContain('does not answer');
});

it('leaves a process alone that blocks for less than the limit', async () => {
  const blocked = await start(spinFor(LIMIT_MS * 0.9));
  await eventually(() => blocked.log().includes('lives'));
  expect(await blocked.kill()).toEqual({ code: null, signal: 'SIGTERM' });
});

it('does not take a stopped process (SIGSTOP, a suspended laptop) for a blocked one', async () => {
  const stopped = await start('');
  process.kill(stopped.pid, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 3 * LIMIT_MS)); // the time itself is what is tested
  process.kill(stopped.pid, 'SIGCONT');
  await new Promise((resolve) => setTimeout(resolve, 1.5 * LIMIT_MS));
  expect(stopped.log()).not.toContain('fatal');
  expect(await stopped.kill()).toEqual({ code: null, signal: 'SIGTERM' });
});

it('holds back under a debugger', async () => {
  const debugged = await start(spinFor(2.5 * LIMIT_MS), ['--inspect=127.0.0.1:0']);
  await eventually(() => debugged.log().includes('lives'));
  await debugged.kill();
});

it('holds back when a debugger is opened to see what blocks', async () => {
  const debugged = await start(spinFor(3 * LIMIT_MS), ['--inspect-port=127.0.0.1:0']);
  process.kill(debugged.pid, 'SIGUSR1');
  await eventually(() => debugged.log().includes('lives'));
  await debugged.kill();
});

it('does not keep its process alive, and can be stopped', async () => {
  const code = (
    end: string,
  ) => `const { startEventLoopWatchdog } = await import('${new URL('./event-loop-watchdog.ts', import.meta.url)}');
    const watchdog = startEventLoopWatchdog({ service: 'media', limitMs: 200 }); console.log('ready'); ${end}`;
  for (const end of ['', `await watchdog.stop(); ${spinFor(600)}`]) {
    const watched = await startProcess({
      name: 'watched',
      args: ['--input-type=module', '-e', code(end)],
      ready: /ready/,
    });
    expect(await watched.exited).toEqual({ code: 0, signal: null });
  }
});

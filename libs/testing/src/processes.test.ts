import { expect, it } from 'vitest';
import { startProcess } from './processes.js';

const script = (code: string) => ['-e', code];

it('waits until the process says that it is ready, and collects its log', async () => {
  const child = await startProcess({
    name: 'speaker',
    args: script("setImmediate(() => console.log('ready: ' + process.env.WORD)); setInterval(() => {}, 1000)"),
    env: { WORD: 'hello' },
    ready: /ready: (\w+)/,
  });
  expect(child.log()).toContain('ready: hello');
  expect(await child.kill()).toEqual({ code: null, signal: 'SIGTERM' });
});

it('fails with the log of a process that ends before it is ready', async () => {
  const start = startProcess({
    name: 'quitter',
    args: script("console.error('no luck'); process.exit(3)"),
    ready: /never/,
  });
  await expect(start).rejects.toThrow(/quitter ended before it was ready:\nno luck/);
});

it('fails when the process is not ready in time, and kills it', async () => {
  const args = script('console.log(process.pid); setInterval(() => {}, 1000)');
  const failure = async (timeoutMs: number): Promise<string> => {
    const start = startProcess({ name: 'sleeper', args, ready: 'http://127.0.0.1:1/', timeoutMs });
    const error: Error = await start.then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error.message).toContain(`sleeper was not ready after ${timeoutMs} ms`);
    return error.message;
  };
  const pidIn = (message: string) => Number(message.split('\n')[1]);
  // A busy machine may take longer than that to start it at all.
  const pid = pidIn(await failure(1_500)) || pidIn(await failure(30_000));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

import { defineCommand } from '@tandem/contracts/command';
import type { CommandContext } from '@tandem/messaging/handler';
import { AttemptFailed, Rejected, RetryLater } from '@tandem/messaging/outcome';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { runHandler, startHandler } from './run-handler.js';
import { TestClock } from './test-clock.js';

const Greet = defineCommand('tests.greet', {
  summary: 'Greet somebody',
  input: z.strictObject({ name: z.string().min(1), punctuation: z.string().default('!') }),
  output: z.object({ text: z.string() }),
  timeout: '60s',
  attempts: 3,
  scope: 'tests:write',
});
type Context = CommandContext<typeof Greet>;

const data = { name: 'Awa' };
const greet = async ({ data: { name, punctuation } }: Context) => ({ text: `Hello ${name}${punctuation}` });
const throwing = (error: unknown) => async () => Promise.reject(error);
/** Works until it is aborted, as a handler that passes its signal on does. */
const endless = ({ signal }: Context) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('a run', () => {
  it('gives the handler its input with the defaults filled in, and returns its result', async () => {
    const run = await runHandler(Greet, greet, { data });
    expect(run).toMatchObject({ outcome: 'succeeded', result: { text: 'Hello Awa!' }, error: undefined });
    expect(run.reports.map(({ state }) => state)).toEqual(['succeeded']);
    expectTypeOf(run.result).toEqualTypeOf<{ text: string } | undefined>();
  });

  it('takes an instance of a handler class as well', async () => {
    class GreetHandler {
      readonly word = 'Salut';
      handle = async ({ data: { name } }: Context) => ({ text: `${this.word} ${name}` });
    }
    expect((await runHandler(Greet, new GreetHandler(), { data })).result).toEqual({ text: 'Salut Awa' });
  });

  it('refuses input that the gateway would refuse, and names the field', async () => {
    const run = runHandler(Greet, greet, { data: { name: '' } });
    await expect(run).rejects.toThrow(/would refuse this input of tests\.greet:\n.*\n.*at name/);
  });

  it('gives the handler the job that the test describes', async () => {
    const job = { tenant: 'baobab', actor: 'kofi', attempt: 2, attempts: 9 };
    let seen: Context['job'] | undefined;
    await runHandler(Greet, async (context) => greet(context).finally(() => (seen = context.job)), { data, job });
    expect(seen).toMatchObject({ ...job, objects: {} });
  });

  it('collects every report of progress', async () => {
    const handler = async (context: Context) => {
      for (const fraction of [0.1, 0.2, 1]) context.progress(fraction, `${fraction * 100} %`);
      return greet(context);
    };
    const { progress } = await runHandler(Greet, handler, { data });
    expect(progress).toEqual([
      { fraction: 0.1, message: '10 %' },
      { fraction: 0.2, message: '20 %' },
      { fraction: 1, message: '100 %' },
    ]);
  });

  it('loses in the result what JSON loses', async () => {
    const Loose = { ...Greet, output: z.object({ at: z.any() }) };
    const { result } = await runHandler(Loose, async () => ({ at: new Date(0) }), { data });
    expect(result).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });
});

describe('a failure', () => {
  it('fails the job when the handler rejects it, whatever attempts are left', async () => {
    const error = new Rejected('invalid_input', 'Nobody is called that.');
    expect(await runHandler(Greet, throwing(error), { data })).toMatchObject({
      outcome: 'failed',
      error: { code: 'invalid_input', detail: 'Nobody is called that.' },
      cause: error,
    });
  });

  it('retries at a time that the test can name', async () => {
    const error = new Error('the printer is on fire');
    const clock = () => new TestClock({ at: '2026-03-01T08:00:00.000Z', random: 0.5 });
    const first = await runHandler(Greet, throwing(error), { data, clock: clock() });
    expect(first).toMatchObject({ outcome: 'retrying', dueAt: '2026-03-01T08:00:01.000Z', attemptUsed: true });
    const second = await runHandler(Greet, throwing(error), { data, clock: clock(), job: { attempt: 2 } });
    expect(second).toMatchObject({ outcome: 'retrying', dueAt: '2026-03-01T08:00:02.000Z' });
  });

  it('shows the caller nothing of an unexpected error, and the test all of it', async () => {
    const error = new Error('password: hunter2');
    const run = await runHandler(Greet, throwing(error), { data, job: { attempt: 3 } });
    expect(run).toMatchObject({ outcome: 'failed', error: { code: 'internal' }, cause: error });
    expect(JSON.stringify(run.reports)).not.toContain('hunter2');
  });

  it('shows the caller why an attempt failed when the handler says so, and counts the attempt', async () => {
    const error = new AttemptFailed('source_unreachable', 'The host answered 502.');
    const seen = { code: 'source_unreachable', detail: 'The host answered 502.' };
    const first = await runHandler(Greet, throwing(error), { data });
    expect(first).toMatchObject({ outcome: 'retrying', error: seen, attemptUsed: true });
    const last = await runHandler(Greet, throwing(error), { data, job: { attempt: 3 } });
    expect(last).toMatchObject({ outcome: 'failed', error: seen });
  });

  it('uses no attempt when the handler asks for a later run', async () => {
    const run = await runHandler(Greet, throwing(new RetryLater(5_000)), { data, job: { attempt: 3 } });
    expect(run).toMatchObject({ outcome: 'retrying', dueAt: '2026-01-01T00:00:05.000Z', attemptUsed: false });
  });

  it('says which field of a result breaks the declaration', async () => {
    const handler = async () => ({ text: 7 }) as unknown as { text: string };
    const run = await runHandler(Greet, handler, { data });
    expect(run).toMatchObject({ outcome: 'retrying', error: { code: 'internal' } });
    expect((run.cause as z.ZodError).issues[0]?.path).toEqual(['text']);
  });

  it('gives a job up whose workers died of it again and again, without running it', async () => {
    const run = await runHandler(Greet, throwing(new Error('must not run')), { data, deliveries: 7 });
    expect(run).toMatchObject({ outcome: 'failed', error: { code: 'worker_lost' }, cause: undefined });
  });
});

describe('time and shutdown', () => {
  it('reaches the timeout without waiting for it, and aborts the signal', async () => {
    const running = startHandler(Greet, endless, { data });
    let hasEnded = false;
    void running.ended.then(() => (hasEnded = true));
    await running.advance(Greet.timeoutMs - 1);
    expect(hasEnded).toBe(false);
    await running.advance(1);
    expect(hasEnded).toBe(true);
    const run = await running.ended;
    expect(run).toMatchObject({ outcome: 'retrying', error: { code: 'timeout' } });
    expect(run.reports.map(({ state, at }) => [state, at])).toEqual([
      ['running', '2026-01-01T00:00:00.000Z'],
      ['retrying', '2026-01-01T00:01:00.000Z'],
    ]);
  });

  it('times out a handler that does not look at its signal', async () => {
    const running = startHandler(Greet, () => new Promise<never>(() => {}), { data });
    await running.advance(Greet.timeoutMs);
    expect((await running.ended).error?.code).toBe('timeout');
  });

  it('hands the job back when the process stops in the middle of it', async () => {
    const running = startHandler(Greet, endless, { data });
    expect(await running.shutDown()).toMatchObject({ outcome: 'handed-back', reports: [] });
  });
});

import { describe, expect, it } from 'vitest';
import { ConfigError } from './config.js';
import { runMain } from './run-main.js';

async function run(
  main: () => Promise<void>,
  env: NodeJS.ProcessEnv = {},
): Promise<{ text: string; exit: number | undefined }> {
  const seen = { text: '', exit: undefined as number | undefined };
  await runMain('gateway', main, {
    env,
    stderr: { write: (text) => (seen.text += text) },
    exit: (code) => {
      seen.exit = code;
    },
  });
  return seen;
}

const refused = () =>
  Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:4222')]), { code: 'ECONNREFUSED' });

describe('runMain', () => {
  it('says nothing when main ends well', async () => {
    expect(await run(async () => {})).toEqual({ text: '', exit: undefined });
  });

  it('shows bad settings without a stack', async () => {
    const seen = await run(() => Promise.reject(new ConfigError('PORT: is required\nHOST: is required')));
    expect(seen).toEqual({ text: 'gateway cannot start: \n  PORT: is required\n  HOST: is required\n', exit: 1 });
  });

  it('shows a system error on one line, even one without a message', async () => {
    const seen = await run(() => Promise.reject(refused()));
    expect(seen).toEqual({ text: 'gateway cannot start: connect ECONNREFUSED ::1:4222\n', exit: 1 });
  });

  it('shows the stack of a bug, and of everything at LOG_LEVEL=debug', async () => {
    expect((await run(() => Promise.reject(new TypeError('x is undefined')))).text).toContain('run-main.test.ts');
    expect((await run(() => Promise.reject(refused()), { LOG_LEVEL: 'debug' })).text).toContain('run-main.test.ts');
  });
});

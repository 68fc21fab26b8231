import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@tandem/testing/eventually';
import { startProcess } from '@tandem/testing/processes';
import { describe, expect, it } from 'vitest';
import { runIsolated } from './isolate.js';
import { IsolatePool } from './isolate-pool.js';

const SOURCES = new URL('./resolve-sources.ts', import.meta.url).href;
const WORK = new URL('./isolated-work.fixture.ts', import.meta.url);
const SLOW_TO_LOAD = new URL('./slow-to-load.fixture.ts', import.meta.url);

describe('runIsolated', () => {
  it('calls the function of a module in another process, and copies buffers there and back', async () => {
    expect(await runIsolated(WORK, 'doubled', 21)).toBe(42);
    expect(await runIsolated(WORK, 'pid', undefined)).not.toBe(process.pid);
    const bytes = Buffer.alloc(3_000_000, 7);
    const back = await runIsolated<unknown, { bytes: Buffer; at: Date }>(WORK, 'echo', { bytes, at: new Date(0) });
    expect(back.bytes.equals(bytes)).toBe(true);
    expect(back.at).toEqual(new Date(0));
  });

  it('passes on what the function tells before it ends, in order', async () => {
    const notes: unknown[] = [];
    expect(await runIsolated(WORK, 'count', 3, { onNote: (note) => notes.push(note) })).toBe('counted');
    expect(notes).toEqual([1, 2, 3]);
  });

  it('gives the process no environment but the one it is told', async () => {
    const names = await runIsolated<undefined, string[]>(WORK, 'environment', undefined, { env: { LANG: 'C' } });
    expect(names.filter((name) => !name.startsWith('NODE_CHANNEL_'))).toEqual(['LANG']);
  });

  it('passes on what the function throws: name, message and own fields', async () => {
    const error = { name: 'TypeError', message: 'no such glyph', stack: expect.stringContaining('fixture') };
    await expect(runIsolated(WORK, 'failWithCode', undefined)).rejects.toMatchObject({ ...error, code: 'font' });
    await expect(runIsolated(WORK, 'failUncloneable', undefined)).rejects.toMatchObject(error);
  });

  it('says so when the module has no such function, or the input cannot be copied', async () => {
    await expect(runIsolated(WORK, 'nothing', undefined)).rejects.toThrow(/exports no function nothing/);
    await expect(runIsolated(WORK, 'echo', () => {})).rejects.toThrow(/could not be cloned/);
  });

  it('kills an endless loop when it is aborted, and rejects with its reason', async () => {
    const abort = new AbortController();
    const begun = Promise.withResolvers<number>();
    const limits = { signal: abort.signal, onNote: (child: unknown) => begun.resolve(child as number) };
    const run = runIsolated(WORK, 'spinAfterNote', undefined, limits);
    const child = await begun.promise;
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(run).rejects.toBe(reason);
    await eventually(() => !isAlive(child));
  });

  it('starts nothing when the signal is aborted already', async () => {
    await expect(runIsolated(WORK, 'pid', 0, { signal: AbortSignal.abort(new Error('late')) })).rejects.toThrow('late');
  });

  it('kills work that takes longer than its limit', async () => {
    await expect(runIsolated(WORK, 'spin', undefined, { timeoutMs: 400 })).rejects.toMatchObject({
      name: 'IsolateTimedOut',
    });
  });

  it('counts the work alone, not the start of its process', async () => {
    expect(await runIsolated(SLOW_TO_LOAD, 'pid', undefined, { timeoutMs: 500 })).not.toBe(process.pid);
  });

  it('rejects with ChildDied when the process ends by itself', async () => {
    await expect(runIsolated(WORK, 'quit', 3)).rejects.toMatchObject({ name: 'ChildDied', exitCode: 3, signal: null });
  });

  it.each(['eatHeap', 'eatBuffers'])('ends a process over its memory limit, and only that one (%s)', async (eat) => {
    await expect(runIsolated(WORK, eat, undefined, { memoryMb: 128 })).rejects.toMatchObject({
      name: 'ChildDied',
      outOfMemory: true,
    });
  });
});

describe('IsolatePool', () => {
  it('runs in a fresh process each time by default', async () => {
    using pool = closing(new IsolatePool({ size: 1 }));
    const first = await pool.run(WORK, 'pid', undefined);
    expect(await pool.run(WORK, 'pid', undefined)).not.toBe(first);
  });

  it('uses a process again as often as allowed, also after work that threw', async () => {
    using pool = closing(new IsolatePool({ size: 1, runsPerChild: 3 }));
    const first = await pool.run(WORK, 'pid', undefined);
    await expect(pool.run(WORK, 'failWithCode', undefined)).rejects.toThrow('no such glyph');
    expect(await pool.run(WORK, 'pid', undefined)).toBe(first);
    expect(await pool.run(WORK, 'pid', undefined)).not.toBe(first);
  });

  it('uses a process no more that keeps much memory after a run', async () => {
    using pool = closing(new IsolatePool({ size: 1, runsPerChild: 100, restMb: 200 }));
    const first = await pool.run(WORK, 'keep', 1);
    expect(await pool.run(WORK, 'keep', 200)).toBe(first);
    expect(await pool.run(WORK, 'keep', 1)).not.toBe(first);
  });

  it('never uses a process again that was aborted', async () => {
    using pool = closing(new IsolatePool({ size: 1, runsPerChild: 100 }));
    const first = await pool.run(WORK, 'pid', undefined);
    const limits = { signal: AbortSignal.timeout(100) };
    await expect(pool.run(WORK, 'spin', undefined, limits)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await pool.run(WORK, 'pid', undefined)).not.toBe(first);
  });

  it('begins nothing when no time is left, however short the work is', async () => {
    using pool = closing(new IsolatePool({ size: 1, runsPerChild: 100 }));
    const first = await pool.run(WORK, 'pid', undefined);
    await expect(pool.run(WORK, 'quit', 3, { timeoutMs: 0 })).rejects.toMatchObject({ name: 'IsolateTimedOut' });
    expect(await pool.run(WORK, 'pid', undefined)).toBe(first);
  });

  it('replaces a waiting process that was killed from outside', async () => {
    using pool = closing(new IsolatePool({ size: 1, runsPerChild: 100 }));
    const first = await pool.run<undefined, number>(WORK, 'pid', undefined);
    process.kill(first, 'SIGKILL');
    // Not a zombie either: gone when this process has heard of its end.
    await eventually(() => expect(() => process.kill(first, 0)).toThrow('ESRCH'));
    expect(await pool.run(WORK, 'pid', undefined)).not.toBe(first);
  });

  it('keeps its processes through the signals of a Ctrl-C or of systemd, which mean the parent', async () => {
    using pool = closing(new IsolatePool({ size: 1, runsPerChild: 100 }));
    const first = await pool.run<undefined, number>(WORK, 'pid', undefined);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(first, signal);
    expect(await pool.run(WORK, 'pid', undefined)).toBe(first);
  });

  it('kills what runs when it closes, and takes no more', async () => {
    const pool = new IsolatePool({ size: 1 });
    const run = pool.run(WORK, 'spin', undefined);
    pool.close();
    await expect(run).rejects.toMatchObject({ name: 'ChildDied', signal: 'SIGKILL' });
    await expect(pool.run(WORK, 'pid', undefined)).rejects.toThrow('closed');
  });
});

describe('the parent of an isolated process', () => {
  it('ends by itself while a pool waits', async () => {
    const { exited } = await startParent('pool', /ready/);
    expect(await exited).toEqual({ code: 0, signal: null });
  });

  it('takes its process along when it is killed, even out of an endless loop', async () => {
    const parent = await startParent('spin', /spinning in \d+/);
    const child = Number(/spinning in (\d+)/.exec(parent.log())![1]);
    expect(isAlive(child)).toBe(true);
    process.kill(parent.pid, 'SIGKILL');
    await eventually(() => !isAlive(child));
  });
});

function startParent(what: 'pool' | 'spin', ready: RegExp) {
  const script = join(import.meta.dirname, 'isolating.fixture.ts');
  return startProcess({ name: 'parent', args: ['--import', SOURCES, script, what], ready });
}

/** A zombie, which a container without an init never reaps, counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc') || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function closing(pool: IsolatePool): IsolatePool & Disposable {
  return Object.assign(pool, { [Symbol.dispose]: () => pool.close() });
}

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Rejected } from '@tandem/messaging/outcome';
import { eventually } from '@tandem/testing/eventually';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BrowserFailed, BrowserMissing, PoolFull } from './browser-errors.js';
import type { LentPage } from './lent-page.js';
import { browserPid, evaluate, goTo, needs, startPool, write } from './pool.fixture.js';
import { groupMemory } from './process-memory.js';

const testPool: typeof startPool = async (options) => {
  const started = await startPool(options);
  onTestFinished(() => started.stop());
  return started;
};

const title = async (lent: LentPage) => {
  await write(lent, '<title>made</title>');
  return evaluate(lent, 'document.title');
};
const spin = (lent: LentPage) => evaluate(lent, 'for (;;);');

describe('a browser that is killed in the middle of work', () => {
  it('costs nothing but a second run of the work', async () => {
    const pool = await testPool({ pages: 1, browsers: 1 });
    const pids: number[] = [];
    const made = await pool.use(needs(), async (lent) => {
      pids.push(await browserPid(lent));
      if (pids.length === 1) {
        process.kill(pids[0]!, 'SIGKILL');
        await spin(lent);
      }
      return title(lent);
    });
    expect(made).toBe('made');
    expect(pids).toHaveLength(2);
    expect(pids[0]).not.toBe(pids[1]);
  });

  it('is reported when it happens again', async () => {
    const pool = await testPool({ pages: 1, browsers: 1 });
    let runs = 0;
    const work = pool.use(needs(), async (lent) => {
      runs++;
      process.kill(await browserPid(lent), 'SIGKILL');
      await spin(lent);
    });
    await expect(work).rejects.toThrow(BrowserFailed);
    expect(runs).toBe(2);
    expect(await pool.use(needs(), title)).toBe('made');
  });
});

it('runs work again on another browser when its page crashes', async () => {
  const pool = await testPool({ pages: 1, browsers: 1 });
  const pids: number[] = [];
  const made = await pool.use(needs(), async (lent) => {
    pids.push(await browserPid(lent));
    if (pids.length === 1) await lent.session.send('Page.crash');
    return title(lent);
  });
  expect(made).toBe('made');
  expect(new Set(pids).size).toBe(2);
});

it('fails a document that crashes its page in two browsers', async () => {
  const pool = await testPool({ pages: 1, browsers: 1 });
  let runs = 0;
  const work = pool.use(needs(), async ({ session }) => {
    runs++;
    await session.send('Page.crash');
  });
  await expect(work).rejects.toMatchObject({
    code: 'document_failed',
    detail: expect.stringContaining('two browsers'),
  });
  expect(runs).toBe(2);
});

it('does not run work again that fails by itself', async () => {
  const pool = await testPool({ pages: 1, browsers: 1 });
  let runs = 0;
  const work = pool.use(needs(), async () => {
    runs++;
    throw new Rejected('document_failed', 'The page has no table.');
  });
  await expect(work).rejects.toThrow('The page has no table.');
  expect(runs).toBe(1);
});

it('kills a browser that does not answer any more, and runs its work again', async () => {
  const pool = await testPool({ pages: 1, browsers: 1, hangMs: 10_000 });
  let runs = 0;
  const made = await pool.use(needs(), async (lent) => {
    if (runs++ === 0) process.kill(await browserPid(lent), 'SIGSTOP');
    return title(lent);
  });
  expect({ made, runs }).toEqual({ made: 'made', runs: 2 });
});

it('ends a page in an endless loop when the signal says so, and its neighbours do not notice', async () => {
  const pool = await testPool({ pages: 2, browsers: 1, spares: 0 });
  const stop = new AbortController();
  let pid = 0;
  const endless = pool.use(needs({ javascript: true, signal: stop.signal }), async (lent) => {
    pid = await browserPid(lent);
    await spin(lent);
  });
  const renderers = () => groupMemory(pid).processes.filter(({ renderer }) => renderer).length;
  await eventually(() => pid > 0);
  expect(await pool.use(needs(), title)).toBe('made');
  const before = renderers();
  stop.abort(new Error('too slow'));
  await expect(endless).rejects.toThrow('too slow');
  await eventually(() => renderers() === before - 1);
  expect(await pool.use(needs(), async (lent) => [await title(lent), await browserPid(lent)])).toEqual(['made', pid]);
});

it('fails a page that needs too much memory, and only that', async () => {
  const pool = await testPool({ pages: 2, browsers: 1, spares: 0, pageMb: 250, checkMs: 50 });
  const greedy = pool.use(needs({ javascript: true }), (lent) =>
    evaluate(lent, 'globalThis.kept = []; for (;;) kept.push(new Uint8Array(5e6).fill(1))'),
  );
  const modest = pool.use(needs(), async (lent) => {
    await expect(greedy).rejects.toMatchObject({
      code: 'document_failed',
      detail: expect.stringContaining('more than 250 MB'),
    });
    return title(lent);
  });
  expect(await modest).toBe('made');
});

it('replaces a browser after so many documents, under load, and fails nothing', async () => {
  const pool = await testPool({ pages: 4, browsers: 2, jobs: 6 });
  const pids = new Set<number>();
  const client = async (javascript: boolean) => {
    for (const signal = AbortSignal.timeout(100_000); pids.size < 5; ) {
      const made = await pool.use(needs({ javascript, signal }), async (lent) => {
        pids.add(await browserPid(lent));
        return title(lent);
      });
      expect(made).toBe('made');
    }
  };
  await Promise.all([true, false, false, false, false, false].map(client));
});

it.each([{ memoryMb: 1 }, { ageMs: 1 }])('replaces a browser by %o while its work goes on', async (limit) => {
  const pool = await testPool({ pages: 2, browsers: 1, spares: 0, checkMs: 100, ...limit });
  await pool.use(needs(), async (lent) => {
    const before = await browserPid(lent);
    await eventually(async () => expect(await pool.use(needs(), browserPid)).not.toBe(before));
    expect(await title(lent)).toBe('made');
  });
});

it('lets work wait for a page, in order, and no more than it should', async () => {
  const pool = await testPool({ pages: 1, browsers: 1, longestLine: 2 });
  const order: string[] = [];
  const held = Promise.withResolvers<void>();
  const first = pool.use(needs(), () => held.promise);
  const impatient = new AbortController();
  const second = pool.use(needs({ signal: impatient.signal }), async () => order.push('second'));
  const third = pool.use(needs(), async () => order.push('third'));
  await expect(pool.use(needs(), title)).rejects.toThrow(PoolFull);
  impatient.abort(new Error('given up'));
  await expect(second).rejects.toThrow('given up');
  const fourth = pool.use(needs(), async () => order.push('fourth'));
  held.resolve();
  await Promise.all([first, third, fourth]);
  expect(order).toEqual(['third', 'fourth']);
});

it('reaches no host without a grant, and with one what the tenant may reach', async () => {
  const hits: (string | undefined)[] = [];
  const server = createServer(({ url }, answer) => {
    hits.push(url);
    answer.end('<title>reached</title>');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await eventually(() => server.listening);
  const { port } = server.address() as AddressInfo;
  const pool = await testPool({ pages: 1, browsers: 1, policies: () => ({ allow: ['127.0.0.1:*'] }) });
  const visit = async (lent: LentPage) => {
    const { session, grant } = lent;
    session.on('Fetch.requestPaused', ({ requestId }) => void session.send('Fetch.continueRequest', { requestId }));
    session.on('Fetch.authRequired', ({ requestId }) => {
      const authChallengeResponse = grant
        ? ({ response: 'ProvideCredentials', username: grant.token, password: 'x' } as const)
        : ({ response: 'CancelAuth' } as const);
      void session.send('Fetch.continueWithAuth', { requestId, authChallengeResponse });
    });
    await session.send('Fetch.enable', { handleAuthRequests: true });
    await goTo(lent, `http://127.0.0.1:${port}/${grant ? 'granted' : 'denied'}`).catch(() => undefined);
    return evaluate(lent, 'document.title');
  };
  for (const javascript of [false, true]) expect(await pool.use(needs({ javascript }), visit)).toBe('');
  expect(await pool.use(needs({ network: true }), visit)).toBe('reached');
  expect(hits.filter((url) => url !== '/favicon.ico')).toEqual(['/granted']);
});

describe('without a browser', () => {
  it('starts, says why nothing can be made, and uses one that comes', async () => {
    let chromium: string | undefined;
    const pool = await testPool({ chromium: () => chromium });
    expect(pool.problem).toContain('CHROMIUM_BIN');
    await expect(pool.use(needs(), title)).rejects.toThrow(BrowserMissing);
    chromium = process.env.CHROMIUM_BIN;
    await eventually(() => pool.problem === undefined);
    expect(await pool.use(needs(), title)).toBe('made');
  });

  it('says what a program that is no browser had to say', async () => {
    const pool = await testPool({ chromium: '/bin/false' });
    expect(pool.problem).toMatch(/ended at once/);
  });
});

it('ends all processes when it stops, even when they hang, and tells the work', async () => {
  const pool = await testPool({ pages: 1, browsers: 1 });
  let pid = 0;
  const work = pool.use(needs(), async (lent) => {
    pid = await browserPid(lent);
    process.kill(pid, 'SIGSTOP');
    return title(lent);
  });
  const failed = expect(work).rejects.toMatchObject({ fault: 'stopped' });
  await eventually(() => pid > 0);
  await pool.stop();
  await failed;
  await eventually(() => groupMemory(pid).processes.length === 0);
});

import { readdirSync, readFileSync } from 'node:fs';
import { TargetServer } from '@tandem/egress/target-server.fixture';
import { Rejected } from '@tandem/messaging/outcome';
import { eventually } from '@tandem/testing/eventually';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PageCrashed } from './browsers/browser-errors.js';
import { groupMemory } from './browsers/process-memory.js';
import { HOSTILE_PAGES } from './hostile-pages.fixture.js';
import { readPdf, startRenderer, type TestRenderer, type TestRequest } from './render/renderer.fixture.js';

/** For pages that only their time ends, and for those that must end before it. */
const SHORT_S = 1;
const LONG_S = 30;
/** A busy machine: what the job waits for before its time begins, and what it takes to end it. */
const PATIENCE_MS = 20_000;

let renderer: TestRenderer;
let neighbour: Neighbour;
const browsers = new Set<number>();

beforeAll(async () => {
  const limits = { pages: 3, browsers: 2, pageMb: 400, checkMs: 100 };
  renderer = await startRenderer({ allow: ['127.0.0.1:*'] }, { maxMegabytes: 2 }, limits);
});
beforeEach(() => {
  neighbour = new Neighbour();
});
afterEach(async () => {
  for (const pid of ourBrowsers()) browsers.add(pid);
  expect(await neighbour.leave()).toBeGreaterThan(0);
});
afterAll(async () => {
  await renderer[Symbol.asyncDispose]();
  expect(browsers.size).toBeGreaterThan(1);
  await eventually(() => [...browsers].every((pid) => groupMemory(pid).processes.length === 0));
});

/** Somebody who has small documents made, one after the other. */
class Neighbour {
  #staying = true;
  readonly #documents = this.#work();

  /** How many there were. Throws when one of them failed. */
  async leave(): Promise<number> {
    this.#staying = false;
    return await this.#documents;
  }

  async #work(): Promise<number> {
    for (let made = 0; ; ) {
      const { data } = await renderer.render({ html: '<p>small', load: { timeoutSeconds: LONG_S } });
      if (!data.subarray(0, 5).equals(Buffer.from('%PDF-'))) throw new Error('it is no PDF');
      made += 1;
      if (!this.#staying) return made;
    }
  }
}

/** The pids of browsers, each the leader of a group, that this process has started and that run now. */
function ourBrowsers(): number[] {
  const ours = (name: string) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(parent) === process.pid && group === name;
    } catch {
      return false; // it has ended meanwhile
    }
  };
  return readdirSync('/proc').filter(ours).map(Number);
}

/**
 * How a job ends: with the detail of its refusal, or `made`. Fails when it ends in another way, or too late. An attempt that began on a
 * browser which an earlier page had crashed may fail with one crash of its own; the job is then tried again.
 */
async function endOf(request: TestRequest, seconds: number, again = true): Promise<string> {
  const began = performance.now();
  try {
    await renderer.render({ ...request, load: { ...request.load, timeoutSeconds: seconds } });
    return 'made';
  } catch (error) {
    if (again && error instanceof PageCrashed) return endOf(request, seconds, false);
    if (!(error instanceof Rejected)) throw error;
    expect(error.code).toBe('document_failed');
    return error.detail;
  } finally {
    expect(performance.now() - began).toBeLessThan(seconds * 1_000 + PATIENCE_MS);
  }
}

describe('a page of', () => {
  test.each(Object.entries(HOSTILE_PAGES))('%s ends, and its neighbour does not notice', async (_, page) => {
    const { html, javascript = false, ends } = page;
    const early = ends === 'made' || (ends instanceof RegExp && !ends.test('not ready within'));
    const end = await endOf({ html, load: { javascript } }, early ? LONG_S : SHORT_S);
    expect(end).toMatch(ends === 'either' ? /^made$|not ready within|more than \d+ MB/ : ends);
  });

  test('more megabytes than documents may have ends, and its neighbour does not notice', async () => {
    const create = { width: 1_500, height: 1_500, channels: 3 as const, background: 'red' };
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 80 };
    const bytes = await sharp({ create: { ...create, noise } })
      .jpeg({ quality: 100 })
      .toBuffer();
    const request = { html: '<img src="noise.jpg">', assets: { 'noise.jpg': { type: 'image/jpeg', bytes } } };
    expect(await endOf(request, LONG_S)).toMatch(/more than 2 megabytes.*DOCUMENTS_MAX_MB/);
  });
});

describe('a host that', () => {
  let site: TargetServer;
  let dripping: NodeJS.Timeout;
  beforeAll(async () => {
    site = await TargetServer.start();
  });
  afterAll(() => {
    clearInterval(dripping);
    return site.stop();
  });

  test('sends a byte a second ends the job in its time', async () => {
    site.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).write('<p>page');
      dripping = setInterval(() => response.write('.'), 1_000);
    };
    expect(await endOf({ url: site.url() }, SHORT_S)).toMatch(/not ready within 1 s: .* was still being loaded/);
  });

  test('sends without end ends the job', async () => {
    const lines = '<p>line</p>'.repeat(10_000);
    site.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      const send = () => {
        while (!response.destroyed && response.write(lines));
      };
      response.on('drain', send);
      send();
    };
    expect(await endOf({ url: site.url() }, SHORT_S + 1)).toMatch(/not ready within|more than 400 MB/);
  });

  test('redirects to itself ends the job', async () => {
    site.answer = (_request, response) => void response.writeHead(302, { location: '/again' }).end();
    expect(await endOf({ url: site.url() }, LONG_S)).toMatch(/redirects in a circle/);
  });
});

test('after all of them documents are made as before', async () => {
  const { data, report } = await renderer.render({ html: '<p>as before', load: { javascript: true } });
  expect((await readPdf(data)).text.trim()).toBe('as before');
  expect(report).toMatchObject({ pages: 1, warnings: [], failedResources: [], consoleErrors: [] });
});

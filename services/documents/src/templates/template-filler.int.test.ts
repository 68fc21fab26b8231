import { eventually } from '@tandem/testing/eventually';
import { afterAll, describe, expect, test } from 'vitest';
import { bodyOf, bundleOf } from './bundle.fixture.js';
import { fillTemplate } from './fill-template.js';
import { TemplateFiller } from './template-filler.js';

const { signal } = new AbortController();
const filler = new TemplateFiller({ size: 2, killAfterMs: 30_000 });
afterAll(() => filler.close());

const GOOD = bundleOf({ html: '{{ data.amount | money: "XOF" }}', css: 'p {}', locales: { 'fr-FR': {} } });
const DOUBLED = '{% for i in (1..24) %}{% capture s %}{{ s | raw }}{{ s | raw }}{% endcapture %}{% endfor %}';

describe('a template of a tenant', () => {
  test('makes the same page in a process of its own as here', async () => {
    expect(await filler.fill(GOOD, { amount: 5 }, { signal })).toEqual(fillTemplate(GOOD, { amount: 5 }));
  });

  test('fails with its place also there', async () => {
    await expect(filler.fill(bundleOf({ html: '\n{{ 1 | mony }}' }), {}, { signal })).rejects.toMatchObject({
      name: 'Rejected',
      code: 'document_failed',
      detail: 'The template fails in html, line 2, column 1: there is no filter "mony".',
    });
  });

  test('that never ends holds up neither the service nor its neighbours', async () => {
    const evil = bundleOf({ html: '{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}' });
    const failed = filler.fill(evil, {}, { signal }).catch((error: unknown) => error);
    let others = 0;
    let ended = false;
    void failed.then(() => {
      ended = true;
    });
    while (!ended) {
      const { html } = await filler.fill(GOOD, { amount: 1_250 }, { signal });
      expect(bodyOf(html)).toBe('1\u00a0250\u00a0F\u00a0CFA');
      others += 1;
    }
    expect(await failed).toMatchObject({
      code: 'document_failed',
      detail: expect.stringContaining('takes more than 2 s'),
    });
    expect(others).toBeGreaterThan(10);
  });

  test.each([
    [
      'never comes back from one call',
      `{% assign s = "<<<<<<<<<<" %}${DOUBLED}{% if s contains "<a" %}{% endif %}`,
      { killAfterMs: 1_000 },
      'takes more than 1 s',
    ],
    ['makes too much', '{% assign l = (1..49000000) %}', { memoryMb: 256 }, 'needs more than 256 MB of memory'],
  ])('that %s is ended, and the next one is filled', async (_what, html, limits, reason) => {
    // Both are within Liquid's own limits.
    const strict = new TemplateFiller({ size: 1, ...limits });
    try {
      // Again where a busy machine takes a second for a page of a word.
      const good = () => eventually(() => strict.fill(GOOD, { amount: 5 }, { signal }));
      await good();
      const detail = `The template ${reason}. Use less data, or fewer loops in loops.`;
      await expect(strict.fill(bundleOf({ html }), {}, { signal })).rejects.toMatchObject({
        code: 'document_failed',
        detail,
      });
      expect(bodyOf((await good()).html)).toBe('5\u00a0F\u00a0CFA');
    } finally {
      strict.close();
    }
  });

  test('is given up when nobody waits for it any more', async () => {
    const stop = new AbortController();
    const html = '{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}';
    const filled = filler.fill(bundleOf({ html }), {}, { signal: stop.signal });
    stop.abort(new Error('nobody waits'));
    await expect(filled).rejects.toThrow('nobody waits');
  });

  test('is given up while it waits for its turn, too', async () => {
    const strict = new TemplateFiller({ size: 1 });
    const [busy, stop] = [new AbortController(), new AbortController()];
    const html = '{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}';
    const ended: string[] = [];
    const endless = strict.fill(bundleOf({ html }), {}, { signal: busy.signal }).catch(() => ended.push('endless'));
    const waiting = strict.fill(GOOD, {}, { signal: stop.signal }).catch(() => ended.push('waiting'));
    stop.abort(new Error('nobody waits'));
    await waiting;
    busy.abort(new Error('nor for this'));
    await endless;
    expect(ended).toEqual(['waiting', 'endless']);
    strict.close();
  });

  test('waits for its turn when all processes are busy', async () => {
    const fills = Array.from({ length: 20 }, (_, amount) => filler.fill(GOOD, { amount }, { signal }));
    const pages = (await Promise.all(fills)).map(({ html }) => bodyOf(html));
    expect(pages).toEqual(Array.from({ length: 20 }, (_, amount) => `${amount}\u00a0F\u00a0CFA`));
  });
});

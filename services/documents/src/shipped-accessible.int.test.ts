import { type Files, veraPdf } from '@tandem/testing/pdf-validators';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LaidOutTemplate, LayoutEngine } from './layout/layout-engine.js';
import { accessiblePdf } from './pdf/accessible-pdf.js';
import { readPdf } from './render/renderer.fixture.js';
import {
  plain,
  SHIPPED_NAMES,
  SHIPPED_SAMPLES,
  shippedJson,
  startShippedTemplates,
} from './shipped-templates.fixture.js';

const engine = new LayoutEngine();
let shipped: Awaited<ReturnType<typeof startShippedTemplates>>;
beforeAll(async () => {
  shipped = await startShippedTemplates();
});
afterAll(async () => {
  await shipped.pool.stop();
  await engine.onApplicationShutdown();
});

const good = { flavour: 'PDF/UA-1', faults: [] };
const invoice = () => shipped.bundles.get('invoice') as LaidOutTemplate;

async function typeset(template: LaidOutTemplate, data: unknown, locale: string) {
  const signal = AbortSignal.timeout(100_000);
  return engine.render(template, data, { locale, pdf: { accessible: true }, signal });
}

it('the shipped templates become PDF/UA-1 by either engine, as veraPDF judges', async () => {
  const files: Files = {};
  for (const name of SHIPPED_NAMES) {
    const printed = await shipped.make(name, 'fr', shippedJson(`${name}/sample.json`));
    files[`${name}-browser.pdf`] = (await accessiblePdf({ data: printed.pdf, metadata: {} })).data;
  }
  for (const { name, locale, sample, picture } of SHIPPED_SAMPLES) {
    const made = await typeset(shipped.bundles.get(name) as LaidOutTemplate, shippedJson(`${name}/${sample}`), locale);
    files[`${picture}-layout.pdf`] = made.data;
    expect(made.report).toMatchObject({ engine: 'layout', warnings: [] });
    expect(made.report.fonts).toContain('SourceSans3ExtraLight-SemiBold');
  }
  const verdicts = await veraPdf(files, 'ua1');
  for (const file of Object.keys(files)) expect([file, verdicts[file]]).toEqual([file, good]);
}, 200_000);

it('a layout of several pages is PDF/UA-1 and keeps its title, its language and its words', async () => {
  const data = shippedJson('invoice/sample.json');
  data.lines = Array.from({ length: 120 }, (_, index) => data.lines[index % data.lines.length]);
  const { data: pdf, report } = await typeset(invoice(), data, 'fr');
  expect(report.pages).toBeGreaterThan(3);
  const { title, text, pages, tagged } = await readPdf(pdf);
  expect({ title, tagged, pages: pages.length }).toEqual({ title: 'Facture', tagged: true, pages: report.pages });
  expect(pdf.toString('latin1')).toMatch(/\/Lang \(fr\)/);
  expect(plain(text)).toContain(data.buyer.name);
  expect((await typeset(invoice(), data, 'fr')).data.equals(pdf)).toBe(true);
  const verdicts = await veraPdf({ 'long.pdf': pdf }, 'ua1');
  expect(verdicts).toEqual({ 'long.pdf': good });
}, 100_000);

it('a name with letters that no font has makes no PDF/UA-1 by a layout, which names them', async () => {
  const data = shippedJson('invoice/sample.json');
  // No letter, so no font has it, whatever is installed here.
  data.buyer.name = 'Wang \u{ffffe}';
  await expect(typeset(invoice(), data, 'fr')).rejects.toMatchObject({
    code: 'document_failed',
    detail: expect.stringMatching(/^pdf\.accessible: no font .* some of the letters: U\+FFFFE\. Put a font/),
  });
});

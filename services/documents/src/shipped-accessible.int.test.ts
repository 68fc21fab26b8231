import { type Files, veraPdf } from '@tandem/testing/pdf-validators';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LaidOutTemplate, LayoutEngine } from './layout/layout-engine.js';
import { accessiblePdf } from './pdf/accessible-pdf.js';
import { SHIPPED_NAMES, shippedJson, startShippedTemplates } from './shipped-templates.fixture.js';

const engine = new LayoutEngine();
let shipped: Awaited<ReturnType<typeof startShippedTemplates>>;
beforeAll(async () => {
  shipped = await startShippedTemplates();
});
afterAll(async () => {
  await shipped.pool.stop();
  await engine.onApplicationShutdown();
});

it('the shipped templates become PDF/UA-1 by either engine, as veraPDF judges', async () => {
  const signal = AbortSignal.timeout(100_000);
  const files: Files = {};
  for (const name of SHIPPED_NAMES) {
    const data = shippedJson(`${name}/sample.json`);
    const printed = await shipped.make(name, 'fr', data);
    const typeset = await engine.render(shipped.bundles.get(name) as LaidOutTemplate, data, { locale: 'fr', signal });
    files[`${name}-browser.pdf`] = (await accessiblePdf({ data: printed.pdf, metadata: {} })).data;
    files[`${name}-layout.pdf`] = (await accessiblePdf({ data: typeset.data, metadata: {} })).data;
  }
  const verdicts = await veraPdf(files, 'ua1');
  for (const file of Object.keys(files))
    expect([file, verdicts[file]]).toEqual([file, { flavour: 'PDF/UA-1', faults: [] }]);
}, 200_000);

import { documentWipes } from '@tandem/telemetry/metrics';
import { eventually } from '@tandem/testing/eventually';
import { expect, onTestFinished, test } from 'vitest';
import { startRenderer, type TestRequest } from './renderer.fixture.js';

async function wipes(outcome: string): Promise<number> {
  const { values } = await documentWipes.get();
  return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
}

test('pages are clean again after documents of all kinds, many at once, and none has to be destroyed', async () => {
  const renderer = await startRenderer({}, undefined, { pages: 3, browsers: 1, wipeMs: 30_000 });
  onTestFinished(() => renderer[Symbol.asyncDispose]());
  const sized = '<title>x</title><style>@page { size: 100mm 80mm }</style><p>x</p>';
  const kinds: TestRequest[] = [
    { html: '<p>plain</p>' },
    { html: sized, pdf: { singlePage: true } },
    { html: '<h1>a</h1>', pdf: { footer: '<p>foot</p>', outline: true } },
    { html: '<img src="a.svg">', assets: { 'a.svg': { type: 'image/svg+xml', bytes: Buffer.from('<svg/>') } } },
    { html: '<p>picture</p>', format: 'png', screenshot: { width: 333, height: 200, scale: 2 } },
    { html: '<a href="#x">x</a>', load: { timeZone: 'Africa/Dakar', locale: 'fr', colorScheme: 'dark' } },
  ];
  const work = [...kinds, ...kinds, ...kinds].map((request) => renderer.render(request));
  await Promise.all(work);
  await eventually(async () => expect(await wipes('clean')).toBe(work.length));
  expect(await wipes('destroyed')).toBe(0);
});

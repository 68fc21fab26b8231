import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Asset } from './page-content.js';
import { mm, readPdf, startRenderer, type TestRenderer, type TestRequest } from './renderer.fixture.js';

let renderer: TestRenderer;
let logo: Asset;
beforeAll(async () => {
  renderer = await startRenderer();
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 };
  const bytes = await sharp({ create: { width: 300, height: 100, channels: 3, background: 'red', noise } })
    .jpeg()
    .toBuffer();
  logo = { type: 'image/jpeg', bytes };
});
afterAll(() => renderer[Symbol.asyncDispose]());

const PAGES = '<title>Devis 7</title><style>p { break-after: page }</style><p>one</p><b>two</b>';
async function made(pdf: TestRequest['pdf'], rest: TestRequest = {}) {
  const { data, report } = await renderer.render({ html: PAGES, pdf, ...rest });
  return { data, report, pages: (await readPdf(data)).pages };
}

test('a header and a footer stand on every page with its number, in a size that can be read', async () => {
  const { pages, report } = await made({
    header: '<span class="title"></span>',
    footer: 'page <span class="pageNumber"></span> of <span class="totalPages"></span>',
  });
  expect(pages.map(({ text }) => text.replace(/\s+/g, ' '))).toEqual([
    expect.stringMatching(/one.*Devis 7.*page 1 of 2/),
    expect.stringMatching(/two.*Devis 7.*page 2 of 2/),
  ]);
  const title = pages[0]!.items.find(({ str }) => str.includes('Devis'))!;
  expect(title.height).toBeCloseTo(9, 0);
  expect(title.transform[4]).toBeCloseTo(mm(10), 0);
  expect(report.warnings).toEqual([]);
});

test('their logo, fonts and style sheets are those of the job', async () => {
  const assets = {
    'img/logo.jpg': logo,
    'css/band.css': {
      type: 'text/css',
      bytes: Buffer.from('.big { font: 20px "DejaVu Sans"; background: url("../img/logo.jpg") }'),
    },
  };
  const without = await made({ header: '<b>ACME</b>' }, { assets });
  const { data, pages, report } = await made(
    {
      header: '<link rel="stylesheet" href="css/band.css"><b class="big">ACME</b><img src="img/logo.jpg" height="30">',
    },
    { assets },
  );
  expect(data.length).toBeGreaterThan(without.data.length + logo.bytes.length / 2);
  expect(pages[0]!.items.find(({ str }) => str.includes('ACME'))!.height).toBeCloseTo(15, 0);
  expect(report.fonts).toContain('DejaVu Sans');
  expect(report).toMatchObject({ warnings: [], failedResources: [] });
});

test('the date is written as the job writes dates', async () => {
  const { pages } = await made(
    { footer: '<span class="date"></span>' },
    { load: { locale: 'fr-FR', timeZone: 'Africa/Dakar' } },
  );
  expect(pages[0]!.text).toContain(
    new Intl.DateTimeFormat('fr-FR', { dateStyle: 'short', timeZone: 'Africa/Dakar' }).format(),
  );
});

test.each([
  ['scripts', { header: 'x<script>1</script>' }, /Scripts in pdf.header do not run/],
  [
    'what is elsewhere',
    { footer: '<img src="https://example.com/logo.png">' },
    /pdf.footer uses https:\/\/example.com\/logo.png/,
  ],
  [
    'a margin that is too small',
    { header: '<div style="height:30mm">x</div>', margins: '20mm' },
    /set pdf.margins.top to 36mm or more; it is 20mm/,
  ],
])('%s in them is warned of', async (_, pdf, warning) => {
  expect((await made(pdf)).report.warnings).toEqual([expect.stringMatching(warning)]);
});

test('an asset that they name and that is not there is a failed resource', async () => {
  const { report } = await made({ header: '<img src="logo.png">' });
  expect(report.failedResources).toEqual([{ url: 'logo.png', reason: expect.stringContaining('pdf.header') }]);
});

test('page numbers by CSS need no footer', async () => {
  const style =
    '<style>@page { margin: 20mm; @bottom-center { content: "page " counter(page) " of " counter(pages) } }</style>';
  const { data } = await renderer.render({ html: style + PAGES });
  const { pages } = await readPdf(data);
  expect(pages.map(({ text }) => text.replace(/\s+/g, ' '))).toEqual([
    expect.stringContaining('page 1 of 2'),
    expect.stringContaining('page 2 of 2'),
  ]);
});

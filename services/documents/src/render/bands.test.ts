import { describe, expect, test } from 'vitest';
import { prepareBand } from './bands.js';
import { Findings } from './findings.js';
import { layoutPage } from './page-layout.js';

function prepared(html: string, assets: Record<string, string> = {}) {
  const findings = new Findings();
  const map = new Map(Object.entries(assets).map(([path, text]) => [path, { type: 'x/y', bytes: Buffer.from(text) }]));
  const context = { assets: map, locale: 'fr', timeZone: 'UTC', findings };
  const band = prepareBand(html, 'header', layoutPage({ header: html }), context);
  return { inside: band.slice(band.indexOf('>') + 1, -'</div>'.length), report: findings.report };
}

describe('a band', () => {
  test('has its assets where it names them, however it quotes them', () => {
    const { inside, report } = prepared(
      `<style>a { background: url( 'img/a.png' ) } b { background: url(img/a.png) }</style><i style="background:url(&quot;img/a.png&quot;)"></i><img alt="1" src=img/a.png>`,
      { 'img/a.png': 'A' },
    );
    expect(inside.match(/data:x\/y;base64,QQ==/g)).toHaveLength(4);
    expect(report.failedResources).toEqual([]);
  });

  test('has the date where an element of the class is empty, with its other attributes', () => {
    const { inside } = prepared('<b id="d" class="date" title="t"></b><b class=date> </b><b class="dated"></b>');
    expect(inside).toMatch(
      /^<b id="d" title="t">\d\d\/\d\d\/\d{4}<\/b><b>\d\d\/\d\d\/\d{4}<\/b><b class="dated"><\/b>$/,
    );
  });

  test.each(['%zz.png', String.raw`\\[x`])('tells of a path that is none: %s', (path) => {
    const { report } = prepared(`<img src="${path}">`);
    expect(report.failedResources).toEqual([{ url: path, reason: expect.stringContaining('no asset of this path') }]);
  });

  test.each([
    '<a class=date',
    '<img src=a ',
    '<img\t',
    '<link ',
    '<style>',
    'url(',
    '<style>url( ',
    ' style="url(',
    `<a${'a'.repeat(9)}`,
    ' class',
  ])('without an end is read once: %s', (part) => {
    const html = part.repeat(Math.ceil(100_000 / part.length));
    expect(prepared(html).inside.length).toBeGreaterThan(1_000);
    expect(prepared(`<style>url(${' '.repeat(100_000)}`).inside.length).toBeGreaterThan(1_000);
  });

  test.each([
    ['<img src="a">', { a: 'x'.repeat(1_000_000) }],
    ['<link rel="stylesheet" href="a">', { a: 'x'.repeat(1_000_000) }],
    ['<style>url(a)</style>', { a: 'x'.repeat(1_000_000) }],
  ])('that names a large asset again and again is refused before it fills the memory: %s', (part, assets) => {
    expect(prepared(part.repeat(10), assets).inside.length).toBeGreaterThan(10_000_000);
    expect(() => prepared(part.repeat(50), assets)).toThrow(/pdf\.header .* more than 20 million characters/);
  });
});

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { TemplateBundle } from '@tandem/contracts/template';
import { Rejected } from '@tandem/messaging/outcome';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageText } from '../pdf/page-text.js';
import { type LaidOutTemplate, LayoutEngine } from './layout-engine.js';

let engine: LayoutEngine;
beforeAll(async () => {
  engine = new LayoutEngine();
  expect(await engine.isAvailable()).toBe(true);
});
afterAll(() => engine.onApplicationShutdown());

const signal = new AbortController().signal;

function template(layout: string, more: Partial<TemplateBundle> = {}): LaidOutTemplate {
  return { ...TemplateBundle.parse({ html: 'x', ...more }), layout };
}

const make = (layout: string, data: unknown = {}, more: Partial<TemplateBundle> = {}) =>
  engine.render(template(layout, more), data, { locale: 'fr', signal });

async function textOf(layout: string, data: unknown, more: Partial<TemplateBundle> = {}): Promise<string> {
  const { data: pdf } = await make(layout, data, more);
  const texts: string[] = [];
  for await (const { text } of pageText(pdf)) texts.push(text);
  return texts.join('\n');
}

const refusal = (layout: string, data?: unknown) =>
  make(layout, data).then(
    () => expect.unreachable('it should have failed'),
    (error: Rejected) => {
      expect(error).toBeInstanceOf(Rejected);
      return error.detail;
    },
  );

test('data, texts and filters stand in the PDF as in the page of the same template', async () => {
  const locales = { fr: { due: 'Net à payer' } };
  const text = await textOf(
    `= #{{ 'due' | t }}\n#{{ 1250000 | money: 'XOF' }} — #{{ data.name }}\n{% render 'foot', data: data %}`,
    { name: 'Société « Ndiaye & Fils »' },
    { locales, partials: { foot: '#{{ data.name | upcase }}' } },
  );
  expect(text).toContain('Net à payer');
  expect(text.replace(/\s/g, ' ')).toContain('1 250 000 F CFA — Société « Ndiaye & Fils »');
  expect(text).toContain('SOCIÉTÉ « NDIAYE & FILS »');
});

test.each(['"); #read("/etc/passwd"); ("', '\\', '\\"#panic()', '#strong[x]', '*a* _b_ $c$ @d <e>', 'a\nb'])(
  'data is never code: %j',
  async (name) => {
    const text = await textOf('#{{ data.name }}', { name });
    expect(text.replace(/\s+/g, ' ').trim()).toBe(name.replace(/\s+/g, ' ').trim());
  },
);

test('ends of lines are spaces, or lines of their own', async () => {
  const text = await textOf('#{{ data.at | newline_to_br }}', { at: 'Rue 12\nDakar "Plateau"' });
  expect(text.trim().split(/\s*\n\s*/)).toEqual(['Rue 12', 'Dakar "Plateau"']);
});

test('the same data give the same bytes, whatever was made in between', async () => {
  const bundle = template('= Reçu\n#{{ data.number }}');
  const [once, other, again] = [
    await engine.render(bundle, { number: 1 }, { signal }),
    await engine.render(bundle, { number: 2 }, { signal }),
    await engine.render(bundle, { number: 1 }, { signal }),
  ];
  expect(again.data.equals(once.data)).toBe(true);
  expect(other.data.equals(once.data)).toBe(false);
  expect(once.report).toMatchObject({ engine: 'layout', pages: 1 });
});

test('a layout is PDF/UA where its template or the request says so, and the request goes before', async () => {
  const layout = '#set document(title: "Reçu")\n#set text(lang: "fr")\n= Reçu';
  const claims = async (ofTemplate: boolean | undefined, asked: boolean | undefined) => {
    const bundle = template(layout, { pdf: { accessible: ofTemplate } });
    const { data } = await engine.render(bundle, {}, { pdf: { accessible: asked }, signal });
    return data.includes('pdfuaid:part');
  };
  expect([await claims(true, undefined), await claims(false, true)]).toEqual([true, true]);
  expect([await claims(undefined, undefined), await claims(true, false)]).toEqual([false, false]);
});

test('fonts and pictures of the template are found by their path', async () => {
  const font = readFileSync(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSerif.ttf'));
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle r="20"/></svg>';
  const { report } = await make(
    '#set text(font: "DejaVu Serif")\n#image("img/logo.svg", width: 1cm) É\n#image(bytes({{ "https://pay.example" | qr }}), format: "svg")',
    {},
    {
      assets: {
        'fonts/serif.ttf': { type: 'font/ttf', base64: font.toString('base64') },
        'img/logo.svg': { type: 'image/svg+xml', base64: Buffer.from(svg).toString('base64') },
      },
    },
  );
  expect(report.fonts).toEqual(['DejaVuSerif']);
});

test('fonts of the same name in two folders are both there', async () => {
  const fonts = ['DejaVuSerif', 'DejaVuSansMono'].map((name) => {
    const path = createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`);
    return [`${name}/font.ttf`, { type: 'font/ttf', base64: readFileSync(path).toString('base64') }] as const;
  });
  const source = '#text(font: "DejaVu Serif")[a]#text(font: "DejaVu Sans Mono")[b]';
  const { report } = await make(source, {}, { assets: Object.fromEntries(fonts) });
  expect(report.fonts).toEqual(['DejaVuSansMono', 'DejaVuSerif']);
});

test('a font that is damaged is named', async () => {
  const assets = { 'fonts/a.woff2': { type: 'font/woff2', base64: Buffer.from('wOF2 no font').toString('base64') } };
  await expect(make('a', {}, { assets })).rejects.toMatchObject({
    code: 'document_failed',
    detail: 'The font fonts/a.woff2 of the template is damaged, or no WOFF2 file. Put another in its place.',
  });
});

describe('a layout that goes wrong is told why', () => {
  test.each([
    ['#unknown-name', 'unknown variable: unknown-name'],
    ['#read("/etc/passwd")', 'file not found'],
    ['#read("../../../../etc/passwd")', /file not found|access denied|outside/],
    ['#image("logo.svg")', 'file not found'],
    ['#import "@preview/cetz:0.3.0"', 'imports a package'],
    ['#import "@{{ "preview" | raw }}/cetz:0.3.0"', /package/],
    ['{{ data.x | nofilter }}', 'there is no filter "nofilter"'],
    ['#let f(x) = f(x + 1)\n#f(1)', 'maximum function call depth exceeded'],
    ['#while true { let x = 1 }', 'condition is always true'],
  ])('%s', async (layout, detail) => {
    expect(await refusal(layout)).toMatch(detail);
  });

  test('one that takes longer than the job allows', async () => {
    const endless = template('#for a in range(9000) { for b in range(9000) { let x = calc.sin(b) } }');
    await expect(engine.render(endless, {}, { timeoutSeconds: 1, signal })).rejects.toMatchObject({
      code: 'timeout',
      detail: expect.stringContaining('takes more than 1 s'),
    });
  });

  test('one that never ends takes down its process only', async () => {
    const abort = new AbortController();
    const endless = engine.render(
      template('#for a in range(9000) { for b in range(9000) { for c in range(9000) { let x = calc.sin(c) } } }'),
      {},
      { signal: abort.signal },
    );
    const neighbours = [1, 2, 3].map((number) => make('#{{ data.number }}', { number }));
    expect((await Promise.all(neighbours)).map(({ report }) => report.pages)).toEqual([1, 1, 1]);
    abort.abort(new Error('the job was cancelled'));
    await expect(endless).rejects.toThrow('the job was cancelled');
    expect((await make('after')).report.pages).toBe(1);
  });
});

test('templates that are set at once have their own files, and none of another', async () => {
  const whoOf = (who: string) =>
    textOf('#read("who.txt")', {}, { assets: { 'who.txt': { type: 'text/plain', base64: btoa(who) } } });
  const names = Array.from({ length: 8 }, (_, index) => `tenant ${index}`);
  expect((await Promise.all(names.map(whoOf))).map((text) => text.trim())).toEqual(names);
});

test('more templates than are kept ready can be set at once', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle r="20"/></svg>';
  const assets = { 'a.svg': { type: 'image/svg+xml', base64: Buffer.from(svg).toString('base64') } };
  const made = Array.from({ length: 40 }, (_, index) => make(`#image("a.svg")\n${index}`, {}, { assets }));
  expect((await Promise.allSettled(made)).filter(({ status }) => status === 'rejected')).toEqual([]);
});

test.each(['a/b', 'a/'])('an asset that cannot lie beside the others as a file is named: %s', async (path) => {
  const asset = { type: 'image/png', base64: '' };
  const detail = expect.stringContaining(`The asset ${path} of the template cannot be a file`);
  await expect(make('a', {}, { assets: { a: asset, [path]: asset } })).rejects.toMatchObject({
    code: 'document_failed',
    detail,
  });
});

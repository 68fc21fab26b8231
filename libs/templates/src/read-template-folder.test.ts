import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTemplateFolder } from './read-template-folder.js';
import { templateSha256 } from './template-sha256.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-templates-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: Record<string, string | Buffer>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

async function read(files: Record<string, string | Buffer>) {
  await write(files);
  return readTemplateFolder(folder);
}

const complaint = (files: Record<string, string>) =>
  read(files).then(
    () => '',
    (error: Error) => error.message.replaceAll(folder, 'FOLDER'),
  );

describe('a folder of templates', () => {
  test('gives each sub-folder as a bundle, with what _shared holds', async () => {
    const templates = await read({
      '_shared/style.css': 'body { color: black }',
      '_shared/partials/totals.liquid': 'shared',
      '_shared/partials/foot.liquid': 'foot',
      '_shared/locales/fr.json': '{ "total": "Total", "due": "À payer" }',
      '_shared/assets/fonts/a.woff2': Buffer.from('font'),
      'quote/template.liquid': '{% render "totals" %}',
      'quote/style.css': 'h1 { color: red }',
      'quote/footer.liquid': '{% render "foot" %}',
      'quote/partials/totals.liquid': 'own',
      'quote/locales/en.json': '{ "total": "Sum" }',
      'quote/locales/fr.json': '{ "total": "Somme" }',
      'quote/assets/logo.svg': '<svg/>',
      'quote/schema.json': '{ "type": "object" }',
      'quote/sample.json': '{ "number": "1" }',
      'quote/options.json': '{ "locale": "fr", "paper": "a5", "margins": "12mm" }',
      'quote/README.md': 'For people.',
      'receipt/template.liquid': 'x',
      '.git/config': '',
      'README.md': '',
    });
    expect([...templates.keys()]).toEqual(['quote', 'receipt']);
    expect(templates.get('quote')).toEqual({
      html: '{% render "totals" %}',
      css: 'body { color: black }\nh1 { color: red }',
      footer: '{% render "foot" %}',
      partials: { totals: 'own', foot: 'foot' },
      locales: { fr: { total: 'Somme', due: 'À payer' }, en: { total: 'Sum' } },
      assets: {
        'assets/fonts/a.woff2': { type: 'font/woff2', base64: Buffer.from('font').toString('base64') },
        'assets/logo.svg': { type: 'image/svg+xml', base64: Buffer.from('<svg/>').toString('base64') },
      },
      schema: { type: 'object' },
      sample: { number: '1' },
      pdf: { paper: 'a5', margins: '12mm' },
    });
    expect(Object.keys(templates.get('quote')!.locales)[0]).toBe('fr');
    expect(templates.get('receipt')).toMatchObject({ css: 'body { color: black }\n', schema: {} });
  });

  test('is refused with every file at fault, its line and its column', async () => {
    const message = await complaint({
      'a/template.liquid': 'x\n  {{ x | nope }}',
      'a/partials/p.liquid': '\n\n{% for %}',
      'a/schema.json': '{ "properties": { "n": { "typo": "string" } } }',
      'b/template.liquid': 'x',
      'b/options.json': '{\n  "paper": "a4",\n  "margins" 3 }',
      'c/style.css': '',
      'd/template.liquid': 'x',
      'd/options.json': '{ "paper": "a9" }',
      'd/styles.css': '',
      'e/template.liquid': 'x',
      'e/schema.json': '{ "required": ["number"] }',
      'e/sample.json': '{}',
      'F/template.liquid': 'x',
      'g/template.liquid': 'x',
      'g/locales/fr.json': '{ "a": 1 }',
      'g/assets/run.exe': '',
    });
    expect(message.split('\n  ').sort()).toEqual([
      'F: must be 1 to 64 lower-case letters, digits, "-" or "_".',
      'FOLDER: some templates are not valid.',
      'a/partials/p.liquid:3:1: illegal tag: {% for %}',
      'a/schema.json: properties.n.typo: is no word of JSON Schema 2020-12; correct it, or begin it with x-',
      'a/template.liquid:2:3: undefined filter: nope',
      expect.stringMatching(/^b\/options\.json:3:13: is not JSON/),
      'c/template.liquid: is missing; it is the page itself.',
      expect.stringMatching(/^d\/styles\.css: is no file of a template/),
      'e/sample.json: number: is missing',
      expect.stringMatching(/^g\/assets\/run\.exe: is no image, font or style/),
    ]);
  });

  test('is refused for a value that a file cannot hold', async () => {
    expect(await complaint({ 'd/template.liquid': 'x', 'd/options.json': '{ "margins": "9" }' })).toMatch(
      /d\/options\.json: margins/,
    );
    expect(await complaint({ 'd/locales/fr.json': '{ "a": 1 }', 'd/options.json': '{}' })).toMatch(
      /d\/locales\/fr\.json: a: /,
    );
    expect(await complaint({ 'd/locales/fr.json': '{}', 'd/options.json': '{ "locale": "de" }' })).toMatch(
      /d\/options\.json: locale: there is no locales\/de\.json/,
    );
  });

  test('that is not there is named', async () => {
    await expect(readTemplateFolder(join(folder, 'none'))).rejects.toThrow(/none cannot be read \(ENOENT\)/);
  });
});

test('the digest of a template does not depend on the order of keys, but on that of its locales', async () => {
  const bundle = (await read({ 'a/template.liquid': 'x', 'a/schema.json': '{ "title": "a", "type": "object" }' })).get(
    'a',
  )!;
  const digest = templateSha256({ ...bundle, locales: { fr: { a: '1', b: '2' }, en: {} } });
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  const turned = { ...bundle, schema: { type: 'object', title: 'a' }, locales: { fr: { b: '2', a: '1' }, en: {} } };
  expect(templateSha256(turned)).toBe(digest);
  expect(templateSha256({ ...bundle, locales: { en: {}, fr: { a: '1', b: '2' } } })).not.toBe(digest);
});

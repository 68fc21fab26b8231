import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEMPLATE_FILTERS } from '@tandem/templates/check-liquid';
import { describe, expect, test } from 'vitest';
import { bundleOf, textOf } from './bundle.fixture.js';
import { fillTemplate } from './fill-template.js';

const DOCS = join(import.meta.dirname, '../../../../docs');
const REFERENCE = readFileSync(join(DOCS, 'reference/templates.md'), 'utf8');
const HOW_TO = readFileSync(join(DOCS, 'how-to/template-language.md'), 'utf8');
const [data, locales] = [...REFERENCE.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json!));

/** Rows of the tables whose first cell is Liquid: what it writes in French, and in English. */
const examples = [...REFERENCE.matchAll(/^\| `(\{[{%].*?)` \| (.*?) \| (.*?) \|$/gm)].map(
  ([, html, ...written]) => [html!.replaceAll('\\|', '|'), ...written] as [string, string, string],
);
/** A document has spaces of several kinds, a table in Markdown one. */
const plain = (text: string) => text.replace(/[\s\u00a0]+/g, ' ').trim();

describe('the reference of templates', () => {
  test.each(examples)('says what %s writes', (html, french, english) => {
    const write = (locale: string) => plain(textOf(bundleOf({ html, locales }), data, { locale }));
    expect([write('fr-FR'), write('en-US')]).toEqual([french, english]);
  });

  test('names every filter', () => {
    for (const filter of TEMPLATE_FILTERS) expect(REFERENCE).toMatch(new RegExp(`^### .*\\b${filter}\\b`, 'm'));
    expect(examples.length).toBeGreaterThan(30);
  });
});

test('the template of the how-to can be filled as it stands', () => {
  const [html, party, footer] = [...HOW_TO.matchAll(/```liquid\n([\s\S]*?)```/g)].map(([, liquid]) => liquid!);
  const fr = JSON.parse(/```json\n([\s\S]*?)```/.exec(HOW_TO)![1]!);
  const bundle = bundleOf({ html: html!, footer, partials: { party: party! }, locales: { fr } });
  const page = fillTemplate(bundle, { ...data, payLink: 'https://pay.example/1' }, { locale: 'fr-SN' });
  expect(page.warnings).toEqual([]);
  expect(page.html).toContain('<title>Facture FA-2026-0042</title>');
  const text = plain(page.html.replace(/<[^>]*>/g, ' '));
  expect(text).toContain('Total TTC 1 239 000 F CFA (un million deux cent trente-neuf mille francs CFA)');
  expect(page.pdf?.footer).toContain('FA-2026-0042 · <span class="pageNumber">');
});

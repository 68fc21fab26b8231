import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPdf, startRenderer, type TestRenderer } from './renderer.fixture.js';

let renderer: TestRenderer;
beforeAll(async () => {
  renderer = await startRenderer();
});
afterAll(() => renderer[Symbol.asyncDispose]());

const TEXTS = {
  french: 'Où êtes-vous, Aïssatou ? 1 250 000 F CFA',
  greek: 'Ξεσκεπάζω την ψυχοφθόρα βδελυγμία',
  russian: 'Съешь же ещё этих мягких булок',
  hebrew: 'דג סקרן שט בים',
  arabic: 'نص حكيم له سر',
  chinese: '敏捷的棕色狐狸',
  japanese: 'いろはにほへと',
  korean: '다람쥐 헌 쳇바퀴',
};
const html = `<!doctype html><html lang="de"><meta charset="utf-8"><style>
  p { font: 14px "Liberation Sans", sans-serif } .narrow { width: 90px; hyphens: auto } .break { width: 90px; overflow-wrap: break-word }
</style>${Object.entries(TEXTS)
  .map(
    ([name, text]) =>
      `<p lang="${{ hebrew: 'he', arabic: 'ar' }[name] ?? ''}" dir="auto" data-name="${name}">${text}</p>`,
  )
  .join('')}<p>smile 😀</p>
  <p class="narrow">Donaudampfschifffahrtsgesellschaftskapitän</p><p class="break">${'x'.repeat(80)}</p>`;

/** Letters in the order of the text: readers give lines of Arabic and Hebrew as they look, and shaped forms of letters. */
const letters = (text: string) => [...text.normalize('NFKC').replace(/\s|-|\u00ad/g, '')].sort().join('');

test('text of every script comes out as it went in where there are fonts, and is warned of where there are none', async () => {
  const { data, report } = await renderer.render({ html });
  const { text } = await readPdf(data);
  const found = letters(text);
  const warning = report.warnings.find((warning) => warning.includes('No font')) ?? '';
  for (const [name, expected] of Object.entries(TEXTS)) {
    const missing = [...letters(expected)].some((letter) => warning.includes(letter));
    const there = [...letters(expected)].every((letter) => found.includes(letter));
    expect({ name, there: there || missing }).toEqual({ name, there: true });
  }
  for (const sure of [TEXTS.french, TEXTS.greek, TEXTS.russian]) expect(text).toContain(sure.replace(/\s/g, ' '));
  expect(report.fonts).toContain('Liberation Sans');
});

test('a letter that no font has is warned of by name', async () => {
  // A private-use letter that no system font draws.
  const { report } = await renderer.render({ html: '<p>Preis \u{F8FE} gut</p>' });
  expect(report.warnings).toEqual([expect.stringMatching(/empty boxes: \uF8FE\. Send a font/)]);
  expect((await renderer.render({ html: '<p>é œ € – “x” Ж Ω</p>' })).report.warnings).toEqual([]);
});

test('long words are broken, and stay on the page', async () => {
  const { data } = await renderer.render({ html });
  const { pages } = await readPdf(data);
  for (const { transform, width } of pages[0]!.items)
    expect((transform[4] as number) + width).toBeLessThan(pages[0]!.width);
  const pieces = pages[0]!.items.filter(({ str }) => /^x{3,}/.test(str));
  expect(pieces.length).toBeGreaterThan(4);
  expect(pieces.map(({ str }) => str).join('')).toBe('x'.repeat(80));
});

test('a word is parted where it says that it may', async () => {
  const { data } = await renderer.render({
    html: '<p style="width: 100px">Donaudampf&shy;schifffahrts&shy;gesellschaft',
  });
  const { pages } = await readPdf(data);
  const lines = pages[0]!.items.map(({ str }) => str).filter((str) => str.trim());
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.join('').replace(/[-\u00ad\u2010]/g, '')).toBe('Donaudampfschifffahrtsgesellschaft');
});

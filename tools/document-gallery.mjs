/**
 * Makes docs/templates.md, its pictures and those that tests compare with by the documents service itself, after `npm run build`:
 *   node tools/document-gallery.mjs
 * Needs a Chromium, as the service does. With --pdf it keeps the PDFs in .cache/templates as well.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTemplateFolder } from '@tandem/templates/read-template-folder';
import sharp from 'sharp';
import { findChromium } from '../services/documents/dist/browsers/find-chromium.js';
import { PagePool } from '../services/documents/dist/browsers/page-pool.js';
import { LayoutEngine } from '../services/documents/dist/layout/layout-engine.js';
import { pageImages } from '../services/documents/dist/pdf/page-images.js';
import { DocumentRenderer } from '../services/documents/dist/render/document-renderer.js';
import { fillTemplate } from '../services/documents/dist/templates/fill-template.js';

const root = join(import.meta.dirname, '..');
const source = join(root, 'examples', 'templates');
const folder = join(root, 'docs', 'templates');
const keep = process.argv.includes('--pdf') ? join(root, '.cache', 'templates') : undefined;
/** Small pictures of the first pages, which tests compare theirs with. */
const references = join(root, 'services', 'documents', 'src', 'shipped-pictures');
const PAGE_PX = 900;
const MOST_BYTES = 150_000;
const MOST_BYTES_OF_ALL = 2_500_000;

/** Per section: title, a sentence, the template, and the pages that are shown in both languages. */
const SECTIONS = [
  ['Quote', 'Devis. With a payment schedule, a place to sign and a code to accept it online.', 'quote'],
  ['Invoice', 'Facture. Also credit notes and corrected invoices, by `type`.', 'invoice'],
  ['Receipt', 'Reçu. Half a sheet (A5), with room for a stamp.', 'receipt'],
  [
    'Delivery note',
    'Bon de livraison. What was ordered, delivered and remains, and three boxes to sign in.',
    'delivery-note',
  ],
  ['Report', 'Rapport. Cover, contents, summary, chapters of text, tables, charts and callouts.', 'report'],
];

const chromium = findChromium(process.env.CHROMIUM_BIN);
if (!chromium) throw new Error('There is no Chromium: install chromium-headless-shell, or set CHROMIUM_BIN.');
const bundles = await readTemplateFolder(source);
const layouts = new LayoutEngine();
const pool = await PagePool.start({ chromium: () => chromium, policies: () => ({}), browsers: 1, pages: 1 });
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
mkdirSync(references, { recursive: true });
try {
  const parts = [intro()];
  for (const [title, sentence, name] of SECTIONS) {
    const french = await pictures(`${name}-fr`, name, 'fr', sample(name, 'sample.json'));
    const english = await pictures(`${name}-en`, name, 'en-IE', sample(name, 'sample.en.json'));
    if (bundles.get(name).layout) {
      await layoutReference(`layout-${name}-fr`, name, 'fr', sample(name, 'sample.json'));
      await layoutReference(`layout-${name}-en`, name, 'en-IE', sample(name, 'sample.en.json'));
    }
    parts.push(`## ${title}`, sentence, table([...french, ...english]), fields(name));
    if (name === 'invoice') parts.push(await longInvoice());
  }
  writeFileSync(join(root, 'docs', 'templates.md'), `${parts.join('\n\n').trimEnd()}\n`);
} finally {
  await pool.stop();
  await layouts.onApplicationShutdown();
}
checkSizes();

function intro() {
  return `# The templates that come with Tandem

Five business documents in French and English, in [examples/templates](../examples/templates). Every picture here was made by
\`node tools/document-gallery.mjs\` from the samples that lie beside them; nothing was drawn by hand.

They need no scripts and no network. Fonts are part of them ([sources](../examples/templates/_shared/SOURCES.md)), so a page looks
the same on every machine, but for the small print at the foot, which Chromium sets in a font of the machine. PDFs are tagged and say their language; all of it reads well in black and white.

**Make them yours.** \`logo\` of the data names your logo: an asset (\`assets/logo.svg\` is that of the samples) or a data: URL; without it,
the name of the seller is printed. Set \`--accent\` in \`_shared/style.css\` and in \`layout-base.typ\`. Words stand in
\`locales/fr.json\` and \`locales/en.json\`, those that templates share in \`_shared/locales\`; a third language is one more file.
French is the default: \`load.locale\` of the request chooses, and with it how numbers, dates and money are written (\`en-IE\`,
\`fr-SN\`).

**Data** of quote, invoice and delivery note share one shape, that of [invoices](../libs/contracts/src/invoice.ts). Sums are computed
from the lines, exactly, and never sent. Numbers of companies are named as their country does: RCCM and NINEA in Senegal, NCC in
Côte d'Ivoire, SIREN in France. \`seller.bank\` and \`seller.mobileMoney\` become ways to pay, \`payLink\` a QR code.

**Fast** they are by their [layouts](how-to/template-language.md#a-layout-for-speed): each has one beside its page, with the same look, that needs
no browser. The pictures here are the pages of a browser; lines may end elsewhere in a layout.

**Paper** is A4 upright, A5 across for the receipt. Pages and layouts follow \`pdf.paper\` and \`pdf.landscape\` of a request, pages \`pdf.margins\` and
\`pdf.scale\` as well (a layout has margins of its own, and leaves such a request to a browser). They are made for A4, letter, legal and A5, either
way up, and sizes of your own from A5 on; where less than 150 mm remain between the margins, letters are smaller. Long invoices and quotes have
the sum so far at the end of each page and the begin of the next on all of them. CSS knows no sums at the end of a page, so a browser's
pages end where \`_shared/partials/lines.liquid\` reckons that they are full, with some to spare: from the widths of common letters, not from the font itself.
There are no such sums in an image, with \`singlePage\`, and where less than 30 mm remain for descriptions or 60 mm for lines (A6, say); heads of
tables come again there all the same. They are not right for a line that is longer than a page, and with \`preferCssPageSize\`, when the size
in a style of yours is not the one that is named. Change the heights in \`lines.liquid\` with those of the style.`;
}

async function longInvoice() {
  const data = sample('invoice', 'sample.json');
  const lines = Array.from({ length: 120 }, (_, index) => data.lines[index % data.lines.length]);
  const shown = await pictures('invoice-long', 'invoice', 'fr', { ...data, lines }, (count) => [1, 2, count]);
  const sentence =
    'An invoice of 120 lines: the head of the table comes again on every page, no row is cut, each page ends with the sum so far (À reporter) and the next begins with it (Report), and the totals stay together with the last lines. Pages 1, 2 and the last:';
  return `### Long invoices\n\n${sentence}\n\n${table(shown)}`;
}

/** Fills, prints and draws a template; the names of the pictures. */
async function pictures(name, template, locale, data, choose = (count) => numbers(count)) {
  const content = fillTemplate(bundles.get(template), data, { locale });
  const renderer = new DocumentRenderer(pool);
  const signal = AbortSignal.timeout(60_000);
  const { data: pdf, report } = await renderer.render({
    tenant: 'docs',
    content,
    format: 'pdf',
    load: { locale },
    signal,
  });
  for (const warning of [...(content.warnings ?? []), ...report.warnings]) console.warn(`${name}: ${warning}`);
  if (keep) {
    mkdirSync(keep, { recursive: true });
    writeFileSync(join(keep, `${name}.pdf`), pdf);
  }
  await reference(name, pdf);
  const files = [];
  for await (const { page, data: image } of pageImages(pdf, {
    pages: choose(report.pages),
    width: PAGE_PX,
    format: 'webp',
    quality: 80,
  })) {
    const file = `${name}-${page}.webp`;
    writeFileSync(join(folder, file), image);
    files.push({ file, text: `${template}, ${locale}, page ${page} of ${report.pages}` });
  }
  return files;
}

/** What tests compare with of the same documents made without a browser. */
async function layoutReference(name, template, locale, data) {
  const signal = AbortSignal.timeout(60_000);
  const { data: pdf } = await layouts.render(bundles.get(template), data, { locale, signal });
  if (keep) writeFileSync(join(keep, `${name}.pdf`), pdf);
  await reference(name, pdf);
}

async function reference(name, pdf) {
  for await (const { data: image } of pageImages(pdf, { pages: [1], width: 600 }))
    writeFileSync(
      join(references, `${name}.png`),
      await sharp(image).grayscale().resize({ width: 120 }).png({ compressionLevel: 9 }).toBuffer(),
    );
}

function table(files) {
  const cells = files.map(
    ({ file, text }) =>
      `<td valign="top"><a href="templates/${file}"><img src="templates/${file}" width="270" alt="${text}"></a></td>`,
  );
  const starts = numbers(Math.ceil(cells.length / 3));
  const rows = starts.map((row) => `<tr>${cells.slice((row - 1) * 3, row * 3).join('\n')}</tr>`);
  return `<table>\n${rows.join('\n')}\n</table>`;
}

function fields(name) {
  const { required, properties } = JSON.parse(readFileSync(join(source, name, 'schema.json'), 'utf8'));
  const optional = Object.keys(properties).filter((field) => !required.includes(field));
  const list = (names) => names.map((field) => `\`${field}\``).join(', ');
  const files = `[schema](../examples/templates/${name}/schema.json), samples in [French](../examples/templates/${name}/sample.json) and [English](../examples/templates/${name}/sample.en.json)`;
  return `Needs ${list(required)}; may have ${list(optional)}. See its ${files}.`;
}

function sample(name, file) {
  return JSON.parse(readFileSync(join(source, name, file), 'utf8'));
}

function numbers(count) {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function checkSizes() {
  const sizes = readdirSync(folder).map((file) => [file, statSync(join(folder, file)).size]);
  const large = sizes.filter(([, size]) => size > MOST_BYTES);
  const all = sizes.reduce((sum, [, size]) => sum + size, 0);
  console.log(`${sizes.length} pictures, ${(all / 1000).toFixed(0)} kB`);
  if (large.length > 0 || all > MOST_BYTES_OF_ALL)
    throw new Error(`Too large: ${all} bytes in all; ${large.join(', ')}`);
}

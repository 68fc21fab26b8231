/**
 * Makes docs/gallery.md and its pictures by a running Tandem:
 *   npm start -- --no-tour
 *   TOKEN=$(npm run --silent token) node tools/gallery.mjs
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'docs', 'gallery');
const { BASE_URL: base = 'http://127.0.0.1:3000', TOKEN } = process.env;
const PHOTOS = ['astronaut.png', 'chelsea.png', 'coffee.png', 'grace_hopper.jpg', 'hubble_deep_field.jpg'];
const COLUMNS = 4;

/** Per section: title, a sentence, the photograph, what all have in common, and what each has beside. */
const SECTIONS = [
  [
    'Fit',
    'A box of 200 x 200, as `object-fit` in CSS. `contain` fills the rest with `background`.',
    'chelsea.png',
    { width: 200, height: 200 },
    [
      { fit: 'inside' },
      { fit: 'cover' },
      { fit: 'contain', background: '#d0e0f0' },
      { fit: 'fill' },
      { fit: 'outside' },
    ],
  ],
  [
    'Gravity',
    'What stays in view when `cover` cuts: a point of the compass, a focus point, or what the picture itself shows.',
    'coffee.png',
    { width: 130, height: 200, fit: 'cover' },
    [
      {},
      { gravity: 'west' },
      { gravity: 'northeast' },
      { gravity: { x: 0.3, y: 0.5 } },
      { gravity: 'entropy' },
      { gravity: 'attention' },
    ],
  ],
  [
    'Shape',
    'Cut, turn, mirror and frame, in this order: `crop`, `trim`, `rotate`, `flip`, size, `extend`.',
    'astronaut.png',
    { width: 180 },
    [
      { crop: { left: 140, top: 10, width: 180, height: 180 } },
      { rotate: 90 },
      { rotate: 12, background: '#203040' },
      { flip: 'horizontal' },
      { flip: 'vertical' },
      { extend: 12, background: '#203040' },
      { extend: { top: 0, right: 0, bottom: 40, left: 0 }, background: '#ffffff' },
    ],
  ],
  [
    'Filters',
    'Colour, blur and sharpness.',
    'chelsea.png',
    { width: 200 },
    [{}, { grayscale: true }, { tint: '#c08040' }, { blur: 4 }, { sharpen: true }, { sharpen: 3 }],
  ],
  [
    'Watermarks',
    'A text or another object, somewhere or everywhere. Accents are fine.',
    'coffee.png',
    { width: 260 },
    [
      { watermark: { text: '© Café Téranga' } },
      { watermark: { text: 'APERÇU', tile: true, opacity: 0.35, scale: 0.2 } },
      { watermark: { text: 'Échantillon', position: 'center', scale: 0.8, color: '#ffcc00' } },
      { watermark: { image: { object: 'grace_hopper.jpg' }, position: 'northwest', opacity: 0.9, scale: 0.2 } },
    ],
  ],
  [
    'Formats and quality',
    '`quality: "auto"` looks for the smallest file that looks the same, `maxBytes` for the best that fits.',
    'hubble_deep_field.jpg',
    { width: 250 },
    [
      { format: 'png' },
      { format: 'jpeg' },
      { format: 'webp' },
      { format: 'avif' },
      { format: 'webp', quality: 20 },
      { format: 'webp', quality: 'auto' },
      { format: 'jpeg', quality: 'auto' },
      { format: 'jpeg', maxBytes: 8_000 },
    ],
  ],
];

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const objects = {};
for (const photo of PHOTOS) {
  const body = readFileSync(join(root, 'examples', 'photos', photo));
  objects[photo] = (await call(`/v1/objects?name=${photo}`, { method: 'POST', body })).id;
}

const parts = [
  '# What the image options do',
  '',
  'Every picture here was made by `media.transform` from the photographs in [examples/photos](../examples/photos), by',
  '`node tools/gallery.mjs`. Below each stand its options, beside those of the section; a rendition takes them in',
  '`POST /v1/media/transform`, a preset in `PUT /v1/presets/{name}`.',
  '',
];
for (const [title, sentence, photo, common, variants] of SECTIONS)
  parts.push(...(await section(title, sentence, photo, common, variants)));
parts.push(...(await inspection('chelsea.png')));
writeFileSync(join(root, 'docs', 'gallery.md'), `${parts.join('\n').trimEnd()}\n`);

async function section(title, sentence, photo, common, variants) {
  const slug = title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  const renditions = variants.map((options, index) => ({
    name: `${slug}-${index + 1}`,
    ...common,
    ...resolved(options),
  }));
  const { result } = await run('media/transform', { source: { object: objects[photo] }, renditions });
  const cells = [];
  for (const [index, image] of result.renditions.entries()) {
    const file = `${image.name}.${image.format === 'jpeg' ? 'jpg' : image.format}`;
    writeFileSync(join(folder, file), await bytesOf(image.id));
    cells.push(cell(file, image, variants[index]));
  }
  const heading = [`## ${title}`, '', `${sentence} All: \`${JSON.stringify(common)}\``, ''];
  return [...heading, '<table>', ...rows(cells), '</table>', ''];
}

function cell(file, { width, height, size, quality, similarity }, options) {
  const found = [quality && `quality ${quality}`, similarity && `similarity ${similarity.toFixed(4)}`].filter(Boolean);
  const facts = [`${width} x ${height}`, `${(size / 1000).toFixed(1)} kB`, ...found].join(', ');
  const text = Object.keys(options).length > 0 ? JSON.stringify(options) : 'nothing more';
  return `<td valign="top"><img src="gallery/${file}" alt=""><br><code>${text.replaceAll('<', '&lt;')}</code><br>${facts}</td>`;
}

function rows(cells) {
  const starts = cells.flatMap((_, index) => (index % COLUMNS === 0 ? [index] : []));
  return starts.map((start) => `<tr>${cells.slice(start, start + COLUMNS).join('\n')}</tr>`);
}

async function inspection(photo) {
  const { result } = await run('media/inspect', { source: { object: objects[photo] } });
  const sentence = `What \`POST /v1/media/inspect\` tells of ${photo}:`;
  return ['## Inspection', '', sentence, '', '```json', JSON.stringify(result, undefined, 2), '```'];
}

/** Names of photographs become the ids of their objects. */
function resolved(options) {
  const image = options.watermark?.image;
  if (!image) return options;
  return { ...options, watermark: { ...options.watermark, image: { object: objects[image.object] } } };
}

async function run(command, input) {
  const headers = { 'content-type': 'application/json', prefer: 'wait=30' };
  const job = await call(`/v1/${command}`, { method: 'POST', headers, body: JSON.stringify(input) });
  if (job.status !== 'succeeded') throw new Error(`${command} ${job.status}: ${job.error?.detail}`);
  return job;
}

async function call(path, init) {
  const response = await request(path, init);
  return response.json();
}

async function bytesOf(id) {
  const response = await request(`/v1/objects/${id}`);
  return Buffer.from(await response.arrayBuffer());
}

async function request(path, init = {}) {
  const response = await fetch(base + path, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${TOKEN}` },
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response;
}

import { createRequire } from 'node:module';
import type { Watermark } from '@tandem/contracts/image-options';
import sharp from 'sharp';
import type { Chain } from './chain.js';
import { colorOf } from './colors.js';
import { decode } from './decode.js';
import { marginOf, type Wanted } from './lay-out-rendition.js';
import { layoutOf, type Size } from './layout.js';
import type { Materials } from './materials.js';
import { type Pixels, pipelineOf, pixelsOf } from './pixels.js';
import { placeByCompass } from './place.js';

/** Brought along, because servers have no fonts: Latin, Greek, Cyrillic, Arabic, Hebrew and more. */
const FONT_FILE = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
const FONT = 'DejaVu Sans';
/** Dots per inch at which a text is measured; large, so that its width is known well. */
const MEASURE_DPI = 720;
const MAX_DPI = 1_000_000;
/** Letters have gaps: a text that covers as much of the image as a picture would is read as one. */
const DEFAULT_SCALE = 0.25;
const DEFAULT_OPACITY = 0.6;

/** Lays the watermark of a rendition over an image of `size`. */
export async function layWatermark(chain: Chain, rendition: Wanted, size: Size, materials: Materials): Promise<void> {
  const watermark = rendition.watermark!;
  const margin = marginOf(rendition, size);
  const box = {
    width: Math.max(1, Math.min(size.width - 2 * margin, Math.round(size.width * (watermark.scale ?? DEFAULT_SCALE)))),
    height: size.height - 2 * margin,
  };
  const drawn = watermark.image
    ? await drawImage(watermark.image.object, box, materials)
    : await drawText(watermark, box);
  const { opacity = DEFAULT_OPACITY } = watermark;
  // In two goes: within one, sharp multiplies before it adds the channels that grey and opaque images lack.
  const whole = await pixelsOf(pipelineOf(drawn).toColourspace('srgb').ensureAlpha());
  const faded = await pixelsOf(pipelineOf(whole).linear([1, 1, 1, opacity], [0, 0, 0, 0]));
  const overlay = watermark.tile ? await tileOf(faded, margin) : placed(faded, size, margin, watermark);
  await chain.step('composite', (p) => p.composite([overlay]));
}

async function drawImage(id: string, box: Size, { watermarks, maxMegapixels }: Materials): Promise<Pixels> {
  const source = watermarks[id];
  if (!source) throw new Error(`The image of watermark ${id} was not brought along.`);
  const { scaled } = layoutOf(source.size, { ...box, fit: 'inside', enlarge: true }, source.format === 'svg');
  return decode(source, scaled, maxMegapixels);
}

/** Draws at the size that fills the box, rather than scale letters. */
async function drawText({ text = '', color = '#ffffff' }: Watermark, box: Size): Promise<Pixels> {
  const { r, g, b, alpha } = colorOf(color);
  const hex = `#${Buffer.from([r, g, b]).toString('hex')}`;
  const markup = `<span foreground="${hex}">${escapeMarkup(text)}</span>`;
  const draw = (dpi: number) => sharp({ text: { text: markup, font: FONT, fontfile: FONT_FILE, rgba: true, dpi } });
  const measured = await draw(MEASURE_DPI).metadata();
  const fit = Math.min(box.width / measured.width, box.height / measured.height);
  const pixels = await pixelsOf(draw(Math.min(MAX_DPI, Math.max(1, Math.floor(MEASURE_DPI * fit)))));
  const { scaled } = layoutOf(pixels, box);
  return pixelsOf(
    pipelineOf(pixels).resize(scaled.width, scaled.height, { fit: 'fill' }).linear([1, 1, 1, alpha], [0, 0, 0, 0]),
  );
}

/** Pango's markup is SGML-like; what the caller writes is text. */
function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

/** One tile: the margin comes before it, so it lies between tiles and at the first edges. */
async function tileOf(mark: Pixels, margin: number) {
  const { data, ...raw } = await pixelsOf(
    pipelineOf(mark).extend({ left: margin, top: margin, background: { r: 0, g: 0, b: 0, alpha: 0 } }),
  );
  return { input: data, raw: rawOf(raw), tile: true, gravity: 'northwest' };
}

function placed({ data, ...raw }: Pixels, size: Size, margin: number, { position = 'southeast' }: Watermark) {
  const room = { width: size.width - 2 * margin, height: size.height - 2 * margin };
  const { left, top } = placeByCompass(position, room, raw);
  return { input: data, raw: rawOf(raw), left: left + margin, top: top + margin };
}

function rawOf({ width, height, channels }: Omit<Pixels, 'data'>) {
  return { width, height, channels };
}

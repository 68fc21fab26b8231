import type { Sharp } from 'sharp';
import { Chain } from './chain.js';
import { backgroundOf, colorOf, type Rgba, TRANSPARENT } from './colors.js';
import { decode } from './decode.js';
import { checkPixels } from './image-errors.js';
import { extended, layOutRendition, marginsOf, type Wanted } from './lay-out-rendition.js';
import { type Layout, type Region, type Size, sameSize, scale, turned } from './layout.js';
import type { Materials } from './materials.js';
import type { Pixels } from './pixels.js';
import { placeByCompass, placeByGravity } from './place.js';
import { layWatermark } from './watermark.js';

/** From where on a vector is drawn again, since trimming leaves less of it than was planned for. */
const ENLARGED = 1.02;

/** What a rendition starts from: decoded pixels of the whole source, at any scale, or a pipeline that reads it. */
export type Start = Pixels | Sharp;

/** A rendition that is ready to be encoded. */
export interface Composed {
  chain: Chain;
  /** Real size. */
  size: Size;
  /** What was cut out by gravity, for the other frames of an animation. */
  window: Region | undefined;
}

/** Does all that options ask for, but the encoding. The order of the steps is that of the contract. */
export async function compose(
  start: Start,
  { rendition, layout: planned }: { rendition: Wanted; layout: Layout },
  materials: Materials,
  settledWindow?: Region,
): Promise<Composed> {
  const { source } = materials;
  const pixels = 'channels' in start ? start : undefined;
  const chain = new Chain(start);
  const fill = backgroundOf(rendition);
  const pad = fill?.alpha === 1 ? fill : TRANSPARENT;
  let alpha = pixels ? pixels.channels % 2 === 0 : source.hasAlpha;

  const { size, layout } = await cut(chain, pixels ?? source.size, rendition, planned, materials);
  const { rotate = 0 } = rendition;
  const square = rotate % 90 === 0;
  if (!square) await chain.step('rotate', (p) => p.rotate(rotate, { background: pad }));
  const current = square ? size : await chain.settle();
  alpha ||= !square && pad.alpha < 1;
  if (fill?.alpha === 1 && alpha) await chain.step('flatten', (p) => p.flatten({ background: fill }));
  await resizeAndTurn(chain, { ...rendition, rotate: square ? rotate : 0 }, current, layout.scaled, !pixels);
  const window = settledWindow ?? (await windowOf(chain, rendition, layout));
  if (window) await chain.step('window', (p) => p.extract(window));
  const padded = await addMargins(chain, rendition, layout, pad);
  alpha = fill?.alpha === 1 ? false : alpha || padded;
  if (fill && fill.alpha < 1) await layUnder(chain, fill);
  await filter(chain, rendition);
  const whole = extended(layout.output, rendition.extend);
  if (rendition.watermark) await layWatermark(chain, rendition, whole, materials);
  // Laying something over an image gives it an alpha channel, which would only cost bytes.
  if (rendition.watermark && !alpha) await chain.step('alpha', (p) => p.removeAlpha());
  return { chain, size: whole, window };
}

/** Crops and trims; what is left after trimming is laid out anew. */
async function cut(
  chain: Chain,
  base: Size,
  rendition: Wanted,
  layout: Layout,
  materials: Materials,
): Promise<{ size: Size; layout: Layout }> {
  const { source, maxMegapixels } = materials;
  const { crop, trim, rotate } = rendition;
  const region = crop && scaleRegion(crop, source.size, base);
  if (region && !sameSize(region, base)) await chain.step('extract', (p) => p.extract(region));
  const before = region ?? base;
  if (!trim || (before.width < 3 && before.height < 3)) return { size: before, layout };
  const vector = source.format === 'svg';
  // Without `lineArt` single pixels do not count, as they are noise in photographs; that takes 3 x 3 of them to tell.
  const lineArt = vector || Math.min(before.width, before.height) < 3;
  const options = { threshold: typeof trim === 'object' ? trim.threshold : undefined, lineArt };
  await chain.step('trim', (p) => p.trim(options));
  const { width, height } = await chain.settle();
  const shown = source.size.width / base.width;
  const shape = turned({ width: width * shown, height: height * (source.size.height / base.height) }, rotate);
  const real = layOutRendition(shape, rendition, { vector, frames: 1, maxMegapixels });
  const factor = Math.max(real.scaled.width / shape.width, real.scaled.height / shape.height);
  if (!vector || factor * shown < ENLARGED) return { size: { width, height }, layout: real };
  const larger = scale(source.size, factor);
  checkPixels(`Rendition "${rendition.name}", before it is trimmed,`, larger, 1, maxMegapixels);
  const redrawn = await decode(source, larger, maxMegapixels);
  chain.restart(redrawn);
  return cut(chain, redrawn, rendition, layout, materials);
}

/** Flips and quarter turns are left to sharp's later place for them: the fewer pixels, the faster. */
async function resizeAndTurn(chain: Chain, rendition: Wanted, current: Size, scaled: Size, unread: boolean) {
  const { rotate = 0, flip } = rendition;
  const before = turned(scaled, rotate);
  if (unread || !sameSize(current, before)) {
    await chain.step('resize', (p) => p.resize(before.width, before.height, { fit: 'fill' }));
  }
  if (rotate % 360 === 0 && !flip) return;
  // sharp flips before it turns.
  const swapped = rotate % 180 !== 0;
  const upsideDown = flip === 'both' || flip === (swapped ? 'horizontal' : 'vertical');
  const leftRight = flip === 'both' || flip === (swapped ? 'vertical' : 'horizontal');
  await chain.step('turn', (p) => p.flip(upsideDown).flop(leftRight).rotate(rotate));
}

async function windowOf(chain: Chain, { fit, gravity = 'center' }: Wanted, { scaled, output }: Layout) {
  if (fit !== 'cover' || sameSize(scaled, output)) return undefined;
  return placeByGravity(gravity, scaled, output, () => chain.settle());
}

/** Pads to the box of `contain`, then extends. Answers whether anything was added. */
async function addMargins(chain: Chain, { fit, gravity, extend }: Wanted, { scaled, output }: Layout, pad: Rgba) {
  const margins = { ...marginsOf(extend) };
  if (fit === 'contain') {
    const compass =
      typeof gravity === 'string' && gravity !== 'entropy' && gravity !== 'attention' ? gravity : 'center';
    const { left, top } = placeByCompass(compass, output, scaled);
    margins.left += left;
    margins.top += top;
    margins.right += output.width - scaled.width - left;
    margins.bottom += output.height - scaled.height - top;
  }
  if (Object.values(margins).every((margin) => margin === 0)) return false;
  await chain.step('extend', (p) => p.extend({ ...margins, background: pad }));
  return true;
}

async function layUnder(chain: Chain, background: Rgba): Promise<void> {
  const input = { create: { width: 1, height: 1, channels: 4 as const, background } };
  await chain.step('composite', (p) => p.composite([{ input, tile: true, blend: 'dest-over' }]));
}

async function filter(chain: Chain, { blur, sharpen, grayscale, tint }: Wanted): Promise<void> {
  if (blur !== undefined) await chain.step('blur', (p) => p.blur(blur));
  if (sharpen) await chain.step('sharpen', (p) => (sharpen === true ? p.sharpen() : p.sharpen({ sigma: sharpen })));
  // A tint starts from the grey image itself.
  if (grayscale && !tint) await chain.step('grayscale', (p) => p.grayscale());
  if (tint) await chain.step('tint', (p) => p.tint({ ...colorOf(tint), alpha: 1 }));
}

/** The same part of the image at another scale, whole pixels. */
function scaleRegion({ left, top, width, height }: Region, from: Size, to: Size): Region {
  const [x, y] = [to.width / from.width, to.height / from.height];
  const [scaledLeft, scaledTop] = [Math.round(left * x), Math.round(top * y)];
  const across = Math.max(1, Math.round((left + width) * x) - scaledLeft);
  const down = Math.max(1, Math.round((top + height) * y) - scaledTop);
  return {
    left: Math.min(scaledLeft, to.width - across),
    top: Math.min(scaledTop, to.height - down),
    width: across,
    height: down,
  };
}

import sharp from 'sharp';
import { compose, type Start } from './compose.js';
import type { Frames } from './decode.js';
import { type Encoded, encodeImage, type Picture } from './encode-image.js';
import { carry, keptMetadata } from './kept-metadata.js';
import type { Wanted } from './lay-out-rendition.js';
import type { Materials } from './materials.js';
import type { Pixels } from './pixels.js';
import type { PlannedRendition } from './plan-renditions.js';

/** Makes one rendition of one frame. */
export async function render(start: Start, planned: PlannedRendition, materials: Materials): Promise<Encoded> {
  const { chain } = await compose(start, planned, materials);
  const { rendition } = planned;
  const { icc } = 'channels' in start ? start : {};
  if (icc || rendition.metadata?.length) {
    const kept = await keptMetadata(materials.source, rendition.metadata);
    return encode(await carry(await chain.settle(), { ...kept, icc }), rendition);
  }
  // Searches encode several times; the steps need not be done as often.
  const once = rendition.quality !== 'auto' && rendition.maxBytes === undefined;
  return encode(once ? () => chain.ending() : await chain.settle(), rendition);
}

/** Makes an animation, frame by frame, so that nothing of one shows in the next. */
export async function renderFrames(strip: Frames, planned: PlannedRendition, materials: Materials): Promise<Encoded> {
  const { width, height, channels, frames, delay, loop } = strip;
  const length = width * height * channels;
  const drawn: Pixels[] = [];
  let window: Awaited<ReturnType<typeof compose>>['window'];
  for (let frame = 0; frame < frames; frame++) {
    const data = strip.data.subarray(frame * length, (frame + 1) * length);
    const composed = await compose({ data, width, height, channels }, planned, materials, window);
    window = composed.window;
    drawn.push(await composed.chain.settle());
  }
  const first = drawn[0]!;
  const data = Buffer.concat(drawn.map((pixels) => pixels.data));
  const raw = { width: first.width, height: first.height * frames, channels: first.channels, pageHeight: first.height };
  // The encoders that follow keep the timing that is set here.
  const timed = () => sharp(data, { raw, limitInputPixels: false }).gif({ delay, loop });
  const encoded = await encode(timed, planned.rendition);
  // Encoders join frames that are equal.
  const { pages = 1 } = await sharp(encoded.data, { limitInputPixels: false }).metadata();
  return { ...encoded, frames: pages > 1 ? pages : undefined };
}

function encode(picture: Picture, { name, format, quality, lossless, maxBytes }: Wanted): Promise<Encoded> {
  return encodeImage(picture, { format, quality, lossless, maxBytes, what: `Rendition "${name}"` });
}

import { Rejected } from '@tandem/messaging/outcome';
import sharp from 'sharp';
import { unreadable } from './image-errors.js';
import { sniff } from './sniff.js';

/**
 * Holds the bitmaps that an SVG embeds to the limit on pixels, all together: a few kilobytes of base64 can decode to
 * gigabytes, and the outer document's size says nothing about them.
 *
 * @param text what `checkSvg` answered
 */
export async function checkEmbeddedImages(text: string, maxMegapixels: number): Promise<void> {
  let pixels = 0;
  for (const [, data = ''] of text.matchAll(/data:image\/[^,]*,([^"')<>]*)/gi)) {
    const bitmap = Buffer.from(
      data.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
      'base64',
    );
    const format = await sniff(bitmap);
    // Whatever its media type says: a nested document escapes the rules, and is measured without a time limit.
    if (format === 'svg')
      throw new Rejected('image_unreadable', 'The SVG embeds another SVG. Inline its elements instead.');
    const { width, height } = await sharp(bitmap, { limitInputPixels: false })
      .metadata()
      .catch((cause) => {
        throw unreadable('svg', cause);
      });
    pixels += width * height;
  }
  if (pixels <= maxMegapixels * 1_000_000) return;
  const detail = `The images that the SVG embeds have ${Math.ceil(pixels / 1_000_000)} megapixels; the limit is ${maxMegapixels}.`;
  throw new Rejected('image_too_large', detail);
}

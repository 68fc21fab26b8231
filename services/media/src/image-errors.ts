import { Rejected } from '@tandem/messaging/outcome';
import type { Size } from './layout.js';
import type { SourceFormat } from './sniff.js';

const MEGA = 1_000_000;

/** Throws `Rejected('image_too_large')` above the limit. `what` begins the sentence. */
export function checkPixels(what: string, { width, height }: Size, frames: number, maxMegapixels: number): void {
  const pixels = width * height * frames;
  if (pixels <= maxMegapixels * MEGA) return;
  const shape = `${width} x ${height}${frames > 1 ? ` with ${frames} frames` : ''} (${Math.ceil(pixels / MEGA)} megapixels)`;
  throw new Rejected('image_too_large', `${what} is ${shape}; the limit is ${maxMegapixels}. Make it smaller.`);
}

/** What to say of an image of which the header or the pixels are damaged. */
export function unreadable(format: SourceFormat, cause: unknown): Rejected {
  if (format === 'svg') {
    const detail = 'The SVG cannot be drawn: it is not well-formed, or it nests too deeply. Check it in a browser.';
    return new Rejected('image_unreadable', detail, { cause });
  }
  const name = format === 'heif' ? 'AVIF' : format.toUpperCase();
  const detail = `The ${name} data is damaged or incomplete. Open the image in an editor, export it again and upload that.`;
  return new Rejected('image_unreadable', detail, { cause });
}

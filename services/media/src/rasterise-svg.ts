/**
 * A process of its own: reads an SVG on stdin. Without arguments it writes the size as JSON; with width, height and
 * density it writes pixels, RGBA.
 * librsvg cannot be interrupted (a filter or a dash pattern of a few bytes keeps it busy for minutes, also when it only
 * measures, and `sharp.timeout` does not reach it), but a process can be killed.
 */
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';

const [width, height, density] = process.argv.slice(2).map(Number);
const svg = sharp(await buffer(process.stdin), { density, limitInputPixels: false });
if (width === undefined) {
  const size = await svg.metadata();
  process.stdout.write(JSON.stringify({ width: size.width, height: size.height }));
} else {
  process.stdout.write(await svg.resize(width, height, { fit: 'fill' }).ensureAlpha().raw().toBuffer());
}

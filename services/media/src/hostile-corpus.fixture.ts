/** Builds images that were made to harm. Each is small; what it becomes when it is decoded is not. */
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

/** A file of the corpus, and what becomes of it: how its refusal begins, or that it is taken and is harmless. */
export interface HostileFile {
  name: string;
  bytes: Buffer;
  refused?: RegExp;
}

const MARK = '<script>alert(document.domain)</script>';
const ZEROES = Buffer.alloc(200_000_000);

/** The whole corpus. `photo` is a JPEG of some hundred pixels a side. */
export async function hostileCorpus(photo: Buffer): Promise<HostileFile[]> {
  const small = await sharp(photo).resize(64).png().toBuffer();
  const bomb = deflateSync(ZEROES, { level: 9 });
  return [
    { name: 'PNG of 30,000 x 30,000', bytes: png(30_000, 30_000, deflateSync(ZEROES)), refused: /^image_too_large/ },
    { name: 'PNG of 0 x 0', bytes: png(0, 0, deflateSync(Buffer.alloc(1))), refused: /^image_unreadable/ },
    {
      name: 'PNG with a text of 200 MB, compressed',
      bytes: inserted(small, chunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), bomb]))),
    },
    {
      name: 'PNG with a colour profile of 200 MB, compressed',
      bytes: inserted(small, chunk('iCCP', Buffer.concat([Buffer.from('a\0\0'), bomb]))),
    },
    {
      name: 'PNG whose pixels are another image',
      bytes: png(64, 64, deflateSync(photo)),
      refused: /^image_unreadable/,
    },
    {
      name: 'PNG that says 5,000 x 5,000 and holds a row',
      bytes: png(5_000, 5_000, bomb.subarray(0, 4_000)),
      refused: /^image_unreadable/,
    },
    {
      name: 'GIF of 10,000 frames',
      bytes: gif(400, 10_000),
      refused: /^image_too_large: .*10000 frames \(1600 megapixels\)/,
    },
    { name: 'GIF of 10,000 tiny frames', bytes: gif(16, 10_000) },
    { name: 'TIFF of 10,000 pages', bytes: tiff(10_000), refused: /^image_too_large|^image_unreadable/ },
    { name: 'TIFF whose directory follows itself', bytes: tiff(1, true), refused: /^image_unreadable/ },
    { name: 'JPEG of 65,500 x 65,500', bytes: resizedHeader(photo, 65_500, 65_500), refused: /^image_too_large/ },
    { name: 'JPEG larger than its data', bytes: resizedHeader(photo, 8_000, 8_000), refused: /^image_unreadable/ },
    { name: 'WebP larger than its data', bytes: await grownWebp(photo), refused: /^image_unreadable/ },
    { name: 'JPEG with a page in its comment', bytes: withComment(photo, MARK) },
    { name: 'PNG with a page behind it', bytes: Buffer.concat([small, Buffer.from(MARK)]) },
    { name: 'page that begins as a GIF', bytes: Buffer.from(`GIF89a/*${MARK}*/=1;`), refused: /^image_unreadable/ },
    {
      name: 'PDF that begins as a JPEG',
      bytes: Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from('%PDF-1.7')]),
      refused: /^image_unreadable/,
    },
    { name: 'ZIP', bytes: Buffer.from('PK\x03\x04'.padEnd(100)), refused: /^unsupported_media_type/ },
    { name: 'SVG of a billion laughs', bytes: Buffer.from(LAUGHS), refused: /^image_unreadable: .*DOCTYPE/ },
    {
      name: 'SVG whose <use> uses itself',
      bytes: svg('<g id="a"><use href="#a"/></g><use href="#a"/>'),
    },
    { name: 'SVG of 10^12 <use>', bytes: svg(useLevels(12)), refused: /^timeout/ },
    {
      name: 'SVG nested 100,000 deep',
      bytes: svg(`${'<g>'.repeat(100_000)}${'</g>'.repeat(100_000)}`),
      refused: /^image_unreadable/,
    },
    {
      name: 'SVG that reads a file',
      bytes: svg('<image href="file:///etc/passwd"/>'),
      refused: /^image_unreadable: .*outside/,
    },
    { name: 'SVG with a script', bytes: svg(`<script>alert(1)</script><rect width="9" height="9"/>`) },
  ];
}

/** What a script leaves in an image that carries it on. */
export const CARRIED = Buffer.from('alert(');

const LAUGHS = `<!DOCTYPE svg [<!ENTITY a "ha">${Array.from({ length: 9 }, (_, n) => `<!ENTITY ${'bcdefghij'[n]} "${`&${'abcdefghi'[n]};`.repeat(10)}">`).join('')}]><svg xmlns="http://www.w3.org/2000/svg"><text>&j;</text></svg>`;

function useLevels(depth: number): string {
  const level = (n: number) => `<g id="a${n}">${`<use href="#a${n - 1}"/>`.repeat(10)}</g>`;
  const levels = Array.from({ length: depth }, (_, n) => level(n + 1)).join('');
  return `<defs><rect id="a0" width="1" height="1"/>${levels}</defs><use href="#a${depth}"/>`;
}

function svg(content: string): Buffer {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50">${content}</svg>`);
}

/** A PNG of 8-bit grey pixels, whatever `data` holds. */
export function png(width: number, height: number, data: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

/** `png` with another chunk behind its header. */
function inserted(image: Buffer, extra: Buffer): Buffer {
  const afterHeader = 8 + 25;
  return Buffer.concat([image.subarray(0, afterHeader), extra, image.subarray(afterHeader)]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}

/** A canvas of `side` x `side`; each frame draws one pixel of it. */
export function gif(side: number, frames: number): Buffer {
  const screen = Buffer.alloc(13 + 6);
  screen.write('GIF89a');
  screen.writeUInt16LE(side, 6);
  screen.writeUInt16LE(side, 8);
  screen[10] = 0x80;
  screen[18] = 255;
  const control = [0x21, 0xf9, 4, 0, 1, 0, 0, 0];
  const frame = Buffer.from([...control, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
  return Buffer.concat([screen, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

/** Baseline TIFF 6.0: `pages` directories of 200 x 200 grey pixels that share one strip; the last may point to the first. */
function tiff(pages: number, endless = false): Buffer {
  const side = 200;
  const strip = Buffer.alloc(side * side, 128);
  const entries = [
    [256, 3, side],
    [257, 3, side],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8],
    [277, 3, 1],
    [278, 3, side],
    [279, 4, strip.length],
  ] as const;
  const directorySize = 2 + entries.length * 12 + 4;
  const first = 8 + strip.length;
  const header = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  header.writeUInt32LE(first, 4);
  const directories = Array.from({ length: pages }, (_, page) => {
    const directory = Buffer.alloc(directorySize);
    directory.writeUInt16LE(entries.length);
    entries.forEach(([tag, type, value], index) => {
      const at = 2 + index * 12;
      directory.writeUInt16LE(tag, at);
      directory.writeUInt16LE(type, at + 2);
      directory.writeUInt32LE(1, at + 4);
      directory.writeUInt32LE(value, at + 8);
    });
    const last = page === pages - 1;
    const next = last ? (endless ? first : 0) : first + (page + 1) * directorySize;
    directory.writeUInt32LE(next, directorySize - 4);
    return directory;
  });
  return Buffer.concat([header, strip, ...directories]);
}

/** A JPEG that claims another size in its frame header (ITU-T T.81, B.2.2). */
function resizedHeader(jpeg: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(jpeg);
  for (let at = 2; at < copy.length; at += 2 + copy.readUInt16BE(at + 2)) {
    if (![0xc0, 0xc1, 0xc2].includes(copy[at + 1]!)) continue;
    copy.writeUInt16BE(height, at + 5);
    copy.writeUInt16BE(width, at + 7);
    return copy;
  }
  throw new Error('the JPEG has no frame header');
}

/** A lossy WebP that claims the largest size that its frame header holds (RFC 6386, 9.1). */
async function grownWebp(photo: Buffer): Promise<Buffer> {
  const webp = await sharp(photo).resize(64).webp().toBuffer();
  const frame = webp.indexOf(Buffer.from([0x9d, 0x01, 0x2a]));
  webp.writeUInt16LE(8_000, frame + 3);
  webp.writeUInt16LE(8_000, frame + 5);
  return webp;
}

function withComment(jpeg: Buffer, text: string): Buffer {
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), Buffer.from(text)]);
  comment.writeUInt16BE(text.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
}

import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { Rejected } from '@tandem/messaging/outcome';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gif, png } from './hostile-corpus.fixture.js';
import { ImageProcesses } from './image-processes.js';
import { planRenditions } from './plan-renditions.js';

const PHOTOS = join(import.meta.dirname, '../../../examples/photos');
/** Far more than any of these takes, but for the two that would take for ever. */
const LIMITS = { signal: new AbortController().signal, seconds: 20 };
const maxMegapixels = 100;

let photo: Buffer;
let dir: string;
let processes: ImageProcesses;

beforeAll(async () => {
  photo = await readFile(join(PHOTOS, 'grace_hopper.jpg'));
  dir = await mkdtemp(join(tmpdir(), 'tandem-hostile-'));
  processes = new ImageProcesses({ size: 1, memoryMb: 600, jemalloc: undefined });
});
afterAll(async () => {
  processes.close();
  await rm(dir, { recursive: true, force: true });
});

async function opened(bytes: Buffer | string, seconds = LIMITS.seconds) {
  const path = join(dir, randomUUID());
  await writeFile(path, bytes);
  return processes.run('open', { path, maxMegapixels }, { ...LIMITS, seconds });
}

/** Code and detail of the refusal; fails the test when the image is taken. */
async function refusal(bytes: Buffer | string, seconds = LIMITS.seconds): Promise<string> {
  try {
    const source = await opened(bytes, seconds);
    const plan = planRenditions(source, [{ name: 'a', format: 'png' }], { placeholders: false, maxMegapixels });
    await processes.run('transform', { source, plan, maxMegapixels }, { ...LIMITS, seconds });
  } catch (error) {
    expect(error).toBeInstanceOf(Rejected);
    return `${(error as Rejected).code}: ${(error as Rejected).detail}`;
  }
  throw new Error('the image was accepted');
}

describe('refuses by type', () => {
  test('a text', async () => {
    expect(await refusal('Dear photo,\nI am a letter.')).toMatch(/^unsupported_media_type: .* are text, .*JPEG, PNG/);
  });
  test('a PDF', async () => {
    expect(await refusal('%PDF-1.7\n1 0 obj')).toMatch(/^unsupported_media_type: .*application\/pdf/);
  });
  test('noise', async () => {
    expect(await refusal(Buffer.from([1, 2, 3, 0, 0, 0, 9]))).toMatch(/^unsupported_media_type: .*no known type/);
  });
  test('HEIC, with a hint', async () => {
    const heic = Buffer.concat([
      Buffer.from([0, 0, 0, 24]),
      Buffer.from('ftypheic\0\0\0\0mif1heic'),
      Buffer.alloc(100),
    ]);
    expect(await refusal(heic)).toMatch(/^unsupported_media_type: .*HEIC.*Convert it to JPEG or AVIF/);
  });
  test('nothing', async () => {
    expect(await refusal('')).toMatch(/^image_unreadable: The object is empty/);
  });
});

describe('refuses by size, from the header', () => {
  test('a PNG of 30000 x 30000 in some kilobytes', async () => {
    const bomb = png(30_000, 30_000, deflateSync(Buffer.alloc(10_000_000)));
    expect(bomb.length).toBeLessThan(20_000);
    expect(await refusal(bomb)).toBe(
      'image_too_large: The image is 30000 x 30000 (900 megapixels); the limit is 100. Make it smaller.',
    );
  });
  test('a GIF by the sum of its frames', async () => {
    expect(await refusal(gif(1000, 200))).toMatch(/^image_too_large: .*1000 x 1000 with 200 frames \(200 megapixels\)/);
  });
  test('a TIFF by the sum of its pages', async () => {
    const page = await sharp({ create: { width: 2000, height: 2000, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const pages = Array.from({ length: 30 }, () => page);
    const tiff = await sharp(pages, { join: { animated: true } })
      .tiff({ compression: 'deflate' })
      .toBuffer();
    expect(await refusal(tiff)).toMatch(/^image_too_large: .*30 frames/);
  });
  test('an SVG', async () => {
    expect(await refusal(svg('', 'width="30000" height="30000"'))).toMatch(/^image_too_large/);
  });
});

describe('refuses damage', () => {
  test.each([0.02, 0.3, 0.99])('a JPEG cut at %d', async (part) => {
    expect(await refusal(photo.subarray(0, photo.length * part))).toMatch(
      /^image_unreadable: The JPEG data is damaged/,
    );
  });
  test.each(['png', 'webp', 'avif', 'gif', 'tiff'] as const)('a %s cut short', async (format) => {
    const whole = await sharp(photo).resize(200).toFormat(format).toBuffer();
    expect(await refusal(whole.subarray(0, whole.length * 0.9))).toMatch(/^image_unreadable/);
  });
  test('a PNG with a flipped byte', async () => {
    const whole = await sharp(photo).png().toBuffer();
    whole[whole.length >> 1]! ^= 0xff;
    expect(await refusal(whole)).toMatch(/^image_unreadable/);
  });
});

describe('refuses an SVG', () => {
  const laughs =
    '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>';

  test.each([laughs, laughs.replace('DOCTYPE', 'doctype'), `<?xml version="1.0"?>${laughs}`])(
    'with entities',
    async (bomb) => {
      expect(await refusal(bomb)).toMatch(/^image_unreadable: .*DOCTYPE or ENTITY/);
    },
  );
  test.each(['utf16le', 'latin1'] as const)('in %s, which could hide them', async (encoding) => {
    const text = Buffer.from(`\ufeff${laughs}`, 'utf16le');
    const other = `<?xml version="1.0" encoding="UTF-7"?>${svg('')}`;
    expect(await refusal(encoding === 'utf16le' ? text : other)).toMatch(/^image_unreadable: .*not UTF-8/);
  });
  test.each([
    '<image href="file:///etc/passwd"/>',
    '<image xlink:href="http://169.254.169.254/"/>',
    `<image href='//host/x.png'/>`,
    '<image href="&#104;ttp://host/x.png"/>',
    '<rect fill="url(http://host/x#y)"/>',
    '<style>rect { fill: u\\72l("http://host") }</style>',
    '<style>@\\69mport "http://host/x.css";</style>',
    '<rect style="fill:u/**/rl(x)" filter="url( \'../x.svg#y\' )"/>',
    '<use href="other.svg#a"/>',
  ])('that reaches outside: %s', async (element) => {
    expect(await refusal(svg(element))).toMatch(/^image_unreadable: .*(outside itself|style sheet)/);
  });
  test('with a thousand <use> elements', async () => {
    expect(await refusal(svg('<use href="#a"/>'.repeat(1001)))).toMatch(/^image_unreadable: .*1001 <use> elements/);
  });
  test('that multiplies <use> by <use>, after its time', async () => {
    const level = (n: number) => `<g id="a${n}">${`<use href="#a${n - 1}"/>`.repeat(10)}</g>`;
    const levels = Array.from({ length: 12 }, (_, n) => level(n + 1)).join('');
    const bomb = svg(`<defs><rect id="a0" width="1" height="1"/>${levels}</defs><use href="#a12"/>`);
    expect(await refusal(bomb, 2)).toMatch(/^timeout: .*more than 2 s/);
  });
  test('that filters for minutes, after its time', async () => {
    const filter = '<feTurbulence numOctaves="50"/><feMorphology radius="50"/>'.repeat(50);
    const slow = svg(
      `<filter id="f">${filter}</filter><rect width="100%" height="100%" filter="url(#f)"/>`,
      'width="3000" height="3000"',
    );
    expect(await refusal(slow, 2)).toMatch(/^timeout: .*more than 2 s/);
  });
  test('that embeds a bitmap bomb', async () => {
    const bomb = png(30_000, 30_000, deflateSync(Buffer.alloc(1000))).toString('base64');
    expect(await refusal(svg(`<image href="data:image/png;base64,${bomb}"/>`))).toMatch(
      /^image_too_large: .*900 megapixels/,
    );
  });
  test('that embeds another SVG under a false type', async () => {
    const inner = Buffer.from(svg('')).toString('base64');
    expect(await refusal(svg(`<image href="data:image/png;base64,${inner}"/>`))).toMatch(
      /^image_unreadable: .*another SVG/,
    );
  });
  test('that is not well-formed', async () => {
    expect(await refusal(svg('<g>'))).toMatch(/^image_unreadable: .*cannot be drawn/);
  });
});

test('takes an SVG with gradients, its own <use> and an embedded bitmap', async () => {
  const bitmap = (await sharp(photo).resize(10).png().toBuffer()).toString('base64');
  const harmless = svg(
    `<defs><linearGradient id="g"><stop stop-color="red"/></linearGradient><rect id="r" width="9" height="9" fill="url(#g)"/></defs>
     <use href="#r"/><image href="data:image/png;base64,${bitmap}"/>`,
  );
  expect((await opened(harmless)).size).toEqual({ width: 100, height: 50 });
});

function svg(content: string, size = 'width="100" height="50"'): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${size}>${content}</svg>`;
}

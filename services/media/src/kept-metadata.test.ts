import { ImageFormat, ImageOptions, KeptMetadata } from '@tandem/contracts/image-options';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { keptExif } from './exif.js';
import { transform } from './image-process.js';
import { configureLibvips } from './libvips.js';
import { planRenditions } from './plan-renditions.js';
import { openImage } from './source-image.js';
import { keptXmp } from './xmp.js';

const LIMITS = { maxMegapixels: 100 };
const LATITUDE = Buffer.from([51, 0, 0, 0, 1, 0, 0, 0, 30, 0, 0, 0, 1, 0, 0, 0, 0x9e, 0x0c, 0, 0, 100, 0, 0, 0]);
const XMP = xmpOf(
  'exif:GPSLatitude="48,51.5N" photoshop:City="Lutetia"',
  '<exif:GPSLongitude>2,21.1E</exif:GPSLongitude><dc:title><rdf:Alt><rdf:li>Été &amp; hiver</rdf:li></rdf:Alt></dc:title>',
);

let photo: Buffer;

beforeAll(async () => {
  configureLibvips();
  photo = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#4080c0' } })
    .withExif({
      IFD0: { Artist: 'Awa', Copyright: 'Somebody', Make: 'Leica' },
      IFD2: { ExposureTime: '1/125', DateTimeOriginal: '2026:01:02 03:04:05' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
    })
    .withXmp(XMP)
    .withIccProfile('p3')
    .jpeg()
    .toBuffer();
});

async function make(options: ImageOptions, input = photo) {
  const source = await openImage(input, LIMITS.maxMegapixels);
  const plan = planRenditions(source, [{ name: 'a', ...ImageOptions.parse(options) }], {
    placeholders: false,
    ...LIMITS,
  });
  const images: Buffer[] = [];
  await transform({ source, plan, ...LIMITS }, ({ data }) => images.push(data));
  return images[0]!;
}

/** What the file tells: by its metadata, and by its bytes. */
async function told(file: Buffer) {
  const { exif, xmp, iptc, icc } = await sharp(file).metadata();
  const all = Buffer.concat([file, exif ?? Buffer.alloc(0), xmp ?? Buffer.alloc(0)]);
  const has = (text: string) => all.includes(text);
  return {
    author: has('Awa') && has('Somebody'),
    camera: has('Leica') && has('2026:01:02'),
    place: all.includes(LATITUDE) || has('GPS') || has('48,51.5N') || has('2,21.1E') || has('Lutetia'),
    title: has('Été'),
    other: iptc !== undefined || icc !== undefined,
  };
}

const NOTHING = { author: false, camera: false, place: false, title: false, other: false };

test('the source tells everything', async () => {
  expect(await told(photo)).toEqual({ author: true, camera: true, place: true, title: true, other: true });
});

describe.each(['jpeg', 'png', 'webp', 'avif'] as const)('%s keeps by name', (format) => {
  test.each([
    [[], {}],
    [['copyright'], { author: true }],
    [['exif'], { author: true, camera: true }],
    [['gps'], { place: true }],
    [['xmp'], { title: true }],
    [['exif', 'xmp'], { author: true, camera: true, title: true }],
    [['exif', 'gps', 'xmp'], { author: true, camera: true, title: true, place: true }],
  ] as [KeptMetadata[], object][])('%j', async (metadata, expected) => {
    expect(await told(await make({ format, width: 30, metadata }))).toEqual({ ...NOTHING, ...expected });
  });
});

test('no format tells anything that was not asked for, whatever the options', async () => {
  const options = fc.record(
    {
      width: fc.integer({ min: 1, max: 80 }),
      rotate: fc.constantFrom(0, 90, 33),
      blur: fc.constantFrom(1, 4),
      colorProfile: fc.constant('srgb' as const),
      crop: fc.constant({ left: 3, top: 3, width: 30, height: 30 }),
      watermark: fc.constant({ text: '©' }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(options, fc.constantFrom(...ImageFormat.options), async (some, format) => {
      expect(await told(await make({ ...some, format }))).toEqual(NOTHING);
    }),
    { numRuns: 40, interruptAfterTimeLimit: 60_000 },
  );
});

describe('EXIF', () => {
  test('keeps letters that are not ASCII', async () => {
    const { exif } = await sharp(photo).metadata();
    Buffer.from('Zoë').copy(exif!, exif!.indexOf('Somebody'));
    expect(keptExif(exif!, ['copyright'])!.toString('utf8')).toContain('Zoëbody');
  });

  test('that is damaged is read as far as it goes, without end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, little) => {
        const exif = Buffer.concat([Buffer.from(little ? 'II*\0\x08\0\0\0' : 'MM\0*\0\0\0\x08', 'latin1'), noise]);
        keptExif(exif, ['exif', 'gps', 'copyright']);
      }),
    );
    expect(keptExif(Buffer.from('Exif\0\0'), ['exif'])).toBeUndefined();
  });

  test('never keeps the orientation of pixels that are upright now', async () => {
    const turned = await sharp(photo).keepExif().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const made = await sharp(await make({ format: 'jpeg', metadata: ['exif'] }, turned)).metadata();
    expect([made.width, made.height, made.orientation ?? 1]).toEqual([40, 60, 1]);
  });
});

describe('XMP', () => {
  const kept = (attributes: string, elements: string, place = false) =>
    keptXmp(Buffer.from(xmpOf(attributes, elements)), place)?.toString();

  test('loses the place and keeps the rest', () => {
    const text = kept('exif:GPSLatitude="1" dc:format="image/jpeg"', '<photoshop:State>Bavaria</photoshop:State>');
    expect(text).toContain('dc:format="image/jpeg"');
    expect(text).not.toMatch(/GPS|Bavaria/);
    expect(kept('exif:GPSLatitude="1"', '', true)).toContain('exif:GPSLatitude="1"');
  });

  test.each([
    ['under another prefix', 'a:GPSLatitude="48"', ''],
    [
      'in a nested structure',
      '',
      '<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li>48</rdf:li></rdf:Bag></Iptc4xmpExt:LocationCreated>',
    ],
    ['by drones', "drone-dji:GpsLatitude='48' drone-dji:GpsLongtitude='48'", ''],
    ['in a picture inside it', '', '<xmp:Thumbnails><rdf:li>48</rdf:li></xmp:Thumbnails>'],
  ])('loses what is told %s', (_, attributes, elements) => {
    expect(kept(attributes, elements)).not.toContain('48');
  });

  test.each([
    ['a comment', '', '<!-- GPSLatitude 48 -->'],
    ['CDATA', '', '<dc:title><![CDATA[<GPSLatitude>48</GPSLatitude>]]></dc:title>'],
    ['escaped markup', '', '<dc:title>&#71;PSLatitude 48</dc:title>'],
    ['long encoded data', '', `<a:b>${'QUJD'.repeat(400)}</a:b>`],
    ['tags that do not match', '', '<a:b><a:c></a:b></a:c>'],
  ])('is dropped whole for %s', (_, attributes, elements) => {
    expect(kept(attributes, elements)).toBeUndefined();
  });
});

function xmpOf(attributes: string, elements: string): string {
  return `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" ${attributes}>${elements}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;
}

import readExif, { type Exif } from 'exif-reader';

/** Texts and numbers, by name. */
export type SafeExif = Record<string, string | number>;

/** What EXIF is told of an image: how it was made, and whose it is. Not the place, and no serial numbers. */
const SHOWN: { [part in 'Image' | 'Photo']: readonly string[] } = {
  Image: ['Make', 'Model', 'Software', 'Artist', 'Copyright'],
  Photo: [
    'LensMake',
    'LensModel',
    'FocalLength',
    'FocalLengthIn35mmFilm',
    'FNumber',
    'ExposureTime',
    'ExposureProgram',
    'ExposureBiasValue',
    'ISOSpeedRatings',
    'MeteringMode',
    'Flash',
    'WhiteBalance',
    'DateTimeOriginal',
    'OffsetTimeOriginal',
  ],
};
/** Names that read better than those of the standard. */
const RENAMED: Record<string, string> = {
  fNumber: 'fNumber',
  isoSpeedRatings: 'iso',
  exposureBiasValue: 'exposureBias',
  dateTimeOriginal: 'takenAt',
  offsetTimeOriginal: 'takenAtOffset',
};
const MAX_TEXT = 500;

/** The part of EXIF that may be shown, and whether the file says where it was taken. */
export function readSafeExif(exif: Buffer | undefined, xmp: Buffer | undefined): { exif: SafeExif; hasGps: boolean } {
  const tags = parsed(exif);
  const shown: SafeExif = {};
  for (const part of ['Image', 'Photo'] as const) {
    for (const name of SHOWN[part]) {
      const value = presentable(tags[part]?.[name]);
      if (value !== undefined) shown[nameOf(name)] = value;
    }
  }
  // The directory alone says nothing: cameras write it with no more than its version.
  const { GPSLatitude, GPSLongitude } = tags.GPSInfo ?? {};
  const hasGps =
    GPSLatitude !== undefined || GPSLongitude !== undefined || /GPSL(?:atitude|ongitude)/.test(textOf(xmp));
  return { exif: shown, hasGps };
}

/** What is damaged is taken for absent: the image itself was readable. */
function parsed(exif: Buffer | undefined): Partial<Exif> {
  try {
    return exif ? readExif(exif) : {};
  } catch {
    return {};
  }
}

function nameOf(tag: string): string {
  const name = tag.startsWith('ISO') ? `iso${tag.slice(3)}` : tag[0]!.toLowerCase() + tag.slice(1);
  return RENAMED[name] ?? name;
}

function presentable(value: unknown): string | number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value * 1e6) / 1e6 : undefined;
  // EXIF has no time zone here, and the reader takes its times for UTC.
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString().slice(0, 19);
  // The standard knows ASCII only; what has more comes as bytes, and is UTF-8 in practice.
  const text = Buffer.isBuffer(value) ? textOf(value) : value;
  if (typeof text !== 'string') return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they end strings here, and have no place in JSON shown to people
  const clean = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return clean ? clean.slice(0, MAX_TEXT) : undefined;
}

function textOf(bytes: Buffer | undefined): string {
  return bytes?.toString('utf8') ?? '';
}

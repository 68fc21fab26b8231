import { Rejected } from '@tandem/messaging/outcome';
import { SNIFF_BYTES, sniffType } from '@tandem/storage/sniff-type';

/** Formats that sources can have, in sharp's names; the key is the media type that the bytes show. */
const ACCEPTED = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  'image/apng': 'png',
  'image/webp': 'webp',
  'image/avif': 'heif',
  'image/gif': 'gif',
  'image/tiff': 'tiff',
  'image/svg+xml': 'svg',
} as const;

/** sharp's name of an accepted format; AVIF is `heif` there. */
export type SourceFormat = (typeof ACCEPTED)[keyof typeof ACCEPTED];

/** What is no type that its sender would know. */
const UNKNOWN: Record<string, string> = {
  'text/plain; charset=utf-8': 'text',
  'application/octet-stream': 'of no known type',
};

const ACCEPTED_NAMES = 'JPEG, PNG, WebP, AVIF, GIF, TIFF and SVG';

/**
 * The format of `bytes`, read from the bytes: names and declared types are the sender's word.
 * Throws `Rejected('unsupported_media_type')` for anything that the service does not take.
 */
export async function sniff(bytes: Buffer): Promise<SourceFormat> {
  if (bytes.length === 0) throw new Rejected('image_unreadable', 'The object is empty. Upload the image again.');
  const type = await sniffType(bytes.subarray(0, SNIFF_BYTES));
  if (type in ACCEPTED) return ACCEPTED[type as keyof typeof ACCEPTED];
  if (/^image\/hei[cf]/.test(type)) {
    throw new Rejected(
      'unsupported_media_type',
      'The image is HEIC, which cannot be read here. Convert it to JPEG or AVIF before uploading.',
    );
  }
  const found = UNKNOWN[type] ?? type;
  throw new Rejected(
    'unsupported_media_type',
    `The bytes of the object are ${found}, whatever its name says. Images can be ${ACCEPTED_NAMES}.`,
  );
}

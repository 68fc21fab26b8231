import { Rejected } from '@tandem/messaging/outcome';
import { fileTypeFromBuffer } from 'file-type';

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

const ACCEPTED_NAMES = 'JPEG, PNG, WebP, AVIF, GIF, TIFF and SVG';
/** Bytes from the beginning that suffice to tell the format. */
export const SNIFF_BYTES = 4100;

/**
 * The format of `bytes`, read from the bytes: names and declared types are the sender's word.
 * Throws `Rejected('unsupported_media_type')` for anything that the service does not take.
 */
export async function sniff(bytes: Buffer): Promise<SourceFormat> {
  if (bytes.length === 0) throw new Rejected('image_unreadable', 'The object is empty. Upload the image again.');
  const head = bytes.subarray(0, SNIFF_BYTES);
  const mime = looksLikeSvg(head) ? 'image/svg+xml' : ((await fileTypeFromBuffer(head))?.mime ?? tiffOf(head));
  if (mime && mime in ACCEPTED) return ACCEPTED[mime as keyof typeof ACCEPTED];
  if (mime && /^image\/hei[cf]/.test(mime)) {
    throw new Rejected(
      'unsupported_media_type',
      'The image is HEIC, which cannot be read here. Convert it to JPEG or AVIF before uploading.',
    );
  }
  const found = mime ?? (isText(head) ? 'text' : 'of no known type');
  throw new Rejected(
    'unsupported_media_type',
    `The bytes of the object are ${found}, whatever its name says. Images can be ${ACCEPTED_NAMES}.`,
  );
}

/** file-type reads a TIFF's directory, to tell camera formats apart; most TIFFs have it at their end, beyond the head. */
function tiffOf(head: Buffer): string | undefined {
  return ['49492a00', '4d4d002a'].includes(head.toString('hex', 0, 4)) ? 'image/tiff' : undefined;
}

/** In UTF-16 too, so that the SVG rules and not a guess decide about it. */
function looksLikeSvg(head: Buffer): boolean {
  const text = head
    .toString('latin1')
    .replaceAll('\0', '')
    .replace(/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/, '');
  return /^\s*</.test(text) && /<(?:[a-z]+:)?svg[\s>/]|<!doctype\s+svg/i.test(text);
}

function isText(head: Buffer): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text
  return !/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(head.subarray(0, 512).toString('utf8').slice(0, -1));
}

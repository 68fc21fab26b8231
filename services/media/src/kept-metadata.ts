import { crc32, deflateSync } from 'node:zlib';
import type { KeptMetadata } from '@tandem/contracts/image-options';
import sharp, { type Sharp } from 'sharp';
import { keptExif } from './exif.js';
import { type Pixels, pipelineOf } from './pixels.js';
import type { SourceImage } from './source-image.js';
import { keptXmp } from './xmp.js';

/** What a file says beside its pixels, of which sharp would keep either nothing or all. */
export interface Sidecar {
  icc?: Buffer;
  exif?: Buffer;
  xmp?: Buffer;
}

/** Reads from a source what is asked for by name, and nothing else. */
export async function keptMetadata(source: SourceImage, names: readonly KeptMetadata[] = []): Promise<Sidecar> {
  if (names.length === 0) return {};
  const { exif, xmp } = await sharp(source.input, { limitInputPixels: false }).metadata();
  return {
    exif: exif && keptExif(exif, names),
    xmp: xmp && names.includes('xmp') ? keptXmp(xmp, names.includes('gps')) : undefined,
  };
}

/** Signature and header of a PNG, after which other chunks may stand. */
const PNG_HEADER = 33;
/** PNG 3, 11.3.3.3: a keyword, no compression, no language, no translation. */
const XMP_KEYWORD = 'XML:com.adobe.xmp\0\0\0\0\0';
const ICC_KEYWORD = 'own\0\0';

/**
 * Puts pixels and what is to be said of them into a PNG, which sharp then reads with both: there is no other way to hand
 * it a profile without a conversion, or EXIF as bytes.
 */
export async function carry(pixels: Pixels, { icc, exif, xmp }: Sidecar): Promise<() => Sharp> {
  const png = await pipelineOf(pixels).png({ compressionLevel: 0 }).toBuffer();
  const chunks: Buffer[] = [];
  if (icc) chunks.push(chunk('iCCP', Buffer.concat([Buffer.from(ICC_KEYWORD, 'latin1'), deflateSync(icc)])));
  if (exif) chunks.push(chunk('eXIf', exif));
  if (xmp) chunks.push(chunk('iTXt', Buffer.concat([Buffer.from(XMP_KEYWORD, 'latin1'), xmp])));
  const carrier = Buffer.concat([png.subarray(0, PNG_HEADER), ...chunks, png.subarray(PNG_HEADER)]);
  return () => {
    const pipeline = sharp(carrier, { limitInputPixels: false });
    if (icc) pipeline.keepIccProfile();
    if (exif) pipeline.keepExif();
    return xmp ? pipeline.keepXmp() : pipeline;
  };
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

/** A grey PNG of 64 x 64 pixels: a source that costs next to nothing. */
export function tinyPng(): Uint8Array<ArrayBuffer> {
  const side = 64;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8; // bits per sample; colour type 0 is grey
  const row = Buffer.from([0, ...Array.from({ length: side }, (_, x) => x * 4)]);
  const pixels = deflateSync(Buffer.concat(Array<Buffer>(side).fill(row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return new Uint8Array(
    Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]),
  );
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/** A photo of 1000 x 872 pixels. */
export function photo(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(import.meta.dirname, '../examples/photos/hubble_deep_field.jpg')));
}

/** One small rendition. */
export const SMALL = [{ name: 'small', width: 32, format: 'webp' }];

/** Renditions of the photo that keep a core busy for seconds. */
export const HEAVY = Array.from({ length: 8 }, (_, i) => ({ name: `heavy-${i}`, width: 500 - i, format: 'avif' }));

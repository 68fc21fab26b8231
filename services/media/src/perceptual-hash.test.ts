import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { HASH_SIDE, hammingDistance, perceptualHash } from './perceptual-hash.js';

const PHOTOS = join(import.meta.dirname, '../../../examples/photos');

async function hashOf(image: Buffer | string): Promise<string> {
  const grey = sharp(image).resize(HASH_SIDE, HASH_SIDE, { fit: 'fill' }).toColourspace('b-w');
  return perceptualHash(await grey.raw().toBuffer());
}

test('copies that were resized, recompressed or made grey are near, other photographs far', async () => {
  const photos = (await readdir(PHOTOS))
    .filter((name) => /\.(?:png|jpg)$/.test(name))
    .map((name) => join(PHOTOS, name));
  const hashes = await Promise.all(photos.map(hashOf));
  for (const [index, photo] of photos.entries()) {
    const copies = [
      sharp(photo).resize(150).jpeg({ quality: 40 }),
      sharp(photo).resize(900).webp({ quality: 60 }),
      sharp(photo).grayscale().modulate({ brightness: 1.1 }).png(),
    ];
    for (const copy of copies)
      expect(hammingDistance(hashes[index]!, await hashOf(await copy.toBuffer()))).toBeLessThanOrEqual(10);
    for (const other of hashes.toSpliced(index, 1)) expect(hammingDistance(hashes[index]!, other)).toBeGreaterThan(18);
  }
});

test('the hash has 64 bits of which half are set, and 16 digits even where the first are 0', () => {
  const grey = Uint8Array.from({ length: HASH_SIDE ** 2 }, (_, index) => (index * index * 7) % 251);
  const hash = perceptualHash(grey);
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(hammingDistance(hash, '0000000000000000')).toBe(32);
});

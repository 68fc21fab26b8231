import sharp from 'sharp';
import { expect, test } from 'vitest';
import { jpegQuality } from './jpeg-quality.js';

const grey = () => sharp({ create: { width: 9, height: 9, channels: 3, background: 'grey' } });

test.each([30, 45, 50, 75, 80, 92, 100])('the quality %i of a JPEG is read from its tables', async (quality) => {
  expect(Math.abs(jpegQuality(await grey().jpeg({ quality }).toBuffer())! - quality)).toBeLessThanOrEqual(1);
});

test('tables of another encoder rise with its quality', async () => {
  const qualities = [40, 60, 80, 95].map((quality) => grey().jpeg({ quality, mozjpeg: true }).toBuffer());
  const read = (await Promise.all(qualities)).map(jpegQuality);
  expect(read).toEqual(read.toSorted((a, b) => a! - b!));
  expect(new Set(read).size).toBe(4);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['no tables', Buffer.from('ffd8ffda0002', 'hex')],
  ['a table that is cut off', Buffer.from('ffd8ffdb004300101112', 'hex')],
  ['a length that leads nowhere', Buffer.from('ffd8ffdb0000', 'hex')],
])('of %s there is no quality', (_what, bytes) => {
  expect(jpegQuality(bytes)).toBeUndefined();
});

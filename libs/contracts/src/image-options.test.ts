import { expect, test } from 'vitest';
import { ImageOptions } from './image-options.js';

test.each([
  [{ format: 'gif', metadata: ['exif'] }, 'metadata', /gif holds none/],
  [{ format: 'gif', colorProfile: 'keep' }, 'colorProfile', /gif holds no profile/],
  [{ format: 'webp', animated: true, colorProfile: 'keep' }, 'colorProfile', /animations are sRGB/],
  [{ format: 'png', quality: 80 }, 'quality', /png has no quality/],
  [{ format: 'jpeg', lossless: true }, 'lossless', /choose webp or avif/],
  [{ format: 'jpeg', animated: true }, 'animated', /holds one frame/],
  [{ watermark: { text: 'a', tile: true, position: 'north' } }, 'watermark', /tiled watermark has no position/],
])('%j is refused at its field', (options, field, message) => {
  const { error } = ImageOptions.safeParse(options);
  expect(error?.issues[0]?.path).toEqual([field]);
  expect(error?.issues[0]?.message).toMatch(message);
});

test('what can be combined is taken', () => {
  const options = { format: 'gif', animated: true, width: 10, gravity: 'attention', blur: 2 };
  expect(ImageOptions.safeParse(options).success).toBe(true);
});

import { ImageOptions } from '@tandem/contracts/image-options';
import { describe, expect, test } from 'vitest';
import { chooseFormat, optionsFor } from './choose-format.js';
import { freeOptions } from './free-options.js';
import { imageKey } from './image-key.js';

const CHROME = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
const SAFARI_OLD = 'image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5';

describe('the format of an image without one', () => {
  test.each([
    [CHROME, 'image/png', {}, 'avif'],
    [SAFARI_OLD, 'image/png', {}, 'webp'],
    ['image/avif ; q=0, image/WebP', 'image/png', {}, 'webp'],
    ['image/avif;q=0.0, image/webp;q=0.1', 'image/jpeg', {}, 'webp'],
    ['*/*', 'image/jpeg', {}, 'jpeg'],
    ['image/*', 'image/png', {}, 'png'],
    [undefined, 'image/webp', {}, 'png'],
    ['image/avif-sequence', 'image/jpeg', {}, 'jpeg'],
    [CHROME, 'image/gif', { animated: true }, 'webp'],
    ['*/*', 'image/gif', { animated: true }, 'gif'],
    ['*/*', 'image/jpeg', { lossless: true }, 'png'],
  ] as const)('for %s and %s %j is %s', (accept, type, options, format) => {
    expect(chooseFormat(accept, options, type)).toBe(format);
  });

  test('leaves out what that format does not have', () => {
    expect(optionsFor({ width: 9, quality: 80, maxBytes: 900 }, 'png')).toEqual({ width: 9, format: 'png' });
    expect(optionsFor({ quality: 80 }, 'jpeg')).toEqual({ quality: 80, format: 'jpeg' });
    expect(optionsFor({ lossless: true }, 'avif')).toEqual({ lossless: true, format: 'avif' });
    for (const format of ['avif', 'webp', 'jpeg', 'png', 'gif'] as const)
      for (const options of [{ quality: 70, maxBytes: 5_000 }, { lossless: true }])
        expect(ImageOptions.safeParse(optionsFor(options, format)).success).toBe(true);
  });
});

describe('options in a query', () => {
  test('are numbers, words and switches', () => {
    const query = { width: '200', dpr: '1.5', fit: 'cover', background: '08f', grayscale: 'true', quality: 'auto' };
    expect(freeOptions(query)).toEqual({
      width: 200,
      dpr: 1.5,
      fit: 'cover',
      background: '#08f',
      grayscale: true,
      quality: 'auto',
    });
  });

  test.each([
    [{ colour: 'red' }, '/colour'],
    [{ width: '1e9' }, '/width'],
    [{ width: '' }, '/width'],
    [{ format: 'png', quality: '80' }, '/quality'],
  ])('that are not valid (%j) are named', (query, pointer) => {
    expect(() => freeOptions(query as never)).toThrow(pointer);
  });
});

describe('the key of an image', () => {
  test('follows the content and the options, not their order', () => {
    const key = imageKey('ab', { width: 1, crop: { left: 0, top: 1, width: 2, height: 3 } });
    expect(imageKey('ab', { crop: { height: 3, width: 2, top: 1, left: 0 }, width: 1 })).toBe(key);
    expect(imageKey('ab', { width: 1 })).not.toBe(key);
    expect(imageKey('ac', { width: 1 })).not.toBe(imageKey('ab', { width: 1 }));
    expect(imageKey('ab', { width: 1 }, 'cd')).not.toBe(imageKey('ab', { width: 1 }));
  });
});

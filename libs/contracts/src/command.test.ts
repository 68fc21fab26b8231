import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Catalog, catalog } from './catalog.js';
import { defineCommand } from './command.js';
import { milliseconds } from './duration.js';
import { TransformImage } from './media.js';
import { objectKey } from './object.js';
import { parseTolerant } from './parse.js';
import { commandRoute, commandSubject, durableName, jobEventSubject } from './subjects.js';

const options = {
  summary: 'x',
  input: z.object({}),
  output: z.object({}),
  timeout: '1s',
  attempts: 1,
  scope: 'x',
} as const;

describe('a declared command', () => {
  test('names its subject, route, consumer and events', () => {
    expect(commandSubject(TransformImage)).toBe('cmd.media.transform.normal');
    expect(commandRoute(TransformImage)).toBe('/v1/media/transform');
    expect(durableName(TransformImage)).toBe('media_transform_normal');
    expect(jobEventSubject(TransformImage, 'succeeded')).toBe('evt.job.media.transform.succeeded');
  });

  test('carries its timeout in milliseconds', () => {
    expect(TransformImage.timeoutMs).toBe(60_000);
  });

  test.each(['media', 'Media.transform', 'media.transform.again', 'media.*'])('is refused with the type %s', (type) => {
    expect(() => defineCommand(type as 'a.b', options)).toThrow(/must read <service>.<command>/);
  });

  test('stands once in a catalog', () => {
    const command = defineCommand('a.b', options);
    expect(() => new Catalog([command, command])).toThrow('The command a.b is declared twice.');
  });

  test('is found by its type and by its owner', () => {
    expect(catalog.get('media.transform')).toBe(TransformImage);
    expect(catalog.ownedBy('media')).toContain(TransformImage);
    expect(catalog.get('media.nothing')).toBeUndefined();
  });
});

describe('a duration', () => {
  test.each([
    ['250ms', 250],
    ['60s', 60_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ] as const)('%s is %d ms', (text, ms) => {
    expect(milliseconds(text)).toBe(ms);
  });

  test('without a unit is refused with an example', () => {
    expect(() => milliseconds('5' as '5s')).toThrow(/such as 500ms/);
  });
});

describe('a tolerant reader', () => {
  const schema = z.strictObject({ list: z.array(z.strictObject({ a: z.number() })) });

  test('drops keys that a newer writer added, at any depth', () => {
    expect(parseTolerant(schema, { list: [{ a: 1, new: 2 }], later: true })).toEqual({ list: [{ a: 1 }] });
  });

  test('still refuses a wrong value', () => {
    expect(() => parseTolerant(schema, { list: [{ a: 'x', new: 2 }] })).toThrow(z.ZodError);
  });
});

describe('the input of media.transform', () => {
  const source = { object: '0191f6a0-0000-7000-8000-000000000000' };
  const refusal = (renditions: unknown) => TransformImage.input.safeParse({ source, renditions }).error?.issues[0];

  test('needs exactly one source', () => {
    const of = (source: object) => TransformImage.input.safeParse({ source, renditions: [{ name: 'a' }] });
    expect(of({ url: 'https://example.com/a.jpg' }).success).toBe(true);
    expect(of({}).error?.issues[0]?.message).toMatch(/exactly one/);
    expect(of({ ...source, url: 'https://example.com/a.jpg' }).error?.issues[0]?.path).toEqual(['source']);
    expect(of({ url: 'file:///etc/passwd' }).success).toBe(false);
  });

  test('takes the options of its presets, unless the rendition has its own', () => {
    const input = TransformImage.input.parse({ source, renditions: [{ name: 'a', preset: 'card', width: 5 }] });
    expect(TransformImage.presets?.named(input)).toEqual([{ preset: 'card', pointer: '/renditions/0/preset' }]);
    const card = { reference: 'card@2', options: { width: 400, format: 'avif' } };
    expect(TransformImage.presets?.fill(input, (name) => (name === 'card' ? card : undefined))).toMatchObject({
      renditions: [{ name: 'a', preset: 'card@2', width: 5, format: 'avif' }],
    });
  });

  test('refuses options that contradict each other', () => {
    expect(refusal([{ name: 'a', format: 'jpeg', lossless: true }])?.path).toEqual(['renditions', 0, 'lossless']);
    expect(refusal([{ name: 'a', format: 'avif', animated: true }])?.path).toEqual(['renditions', 0, 'animated']);
    expect(refusal([{ name: 'a', watermark: {} }])?.message).toMatch(/either an image or a text/);
    expect(refusal([{ name: 'a', background: 'red' }])?.message).toMatch(/must be a colour/);
  });

  test('needs 1 to 20 renditions with different names', () => {
    expect(refusal([])?.path).toEqual(['renditions']);
    expect(refusal(Array.from({ length: 21 }, (_, i) => ({ name: `r${i}` })))?.path).toEqual(['renditions']);
    expect(refusal([{ name: 'a' }, { name: 'a' }])?.message).toMatch(/name of its own/);
  });

  test('names the field of a negative width, a strange name and a quality for PNG', () => {
    expect(refusal([{ name: 'a', width: -1 }])?.path).toEqual(['renditions', 0, 'width']);
    expect(refusal([{ name: '../a' }])?.path).toEqual(['renditions', 0, 'name']);
    expect(refusal([{ name: 'a', format: 'png', quality: 5 }])?.path).toEqual(['renditions', 0, 'quality']);
  });
});

describe('an object key', () => {
  test('cannot leave its tenant', () => {
    expect(objectKey('../other/tenant', 'ab'.repeat(32))).toBe(`..%2Fother%2Ftenant/ab/${'ab'.repeat(32)}`);
  });
});

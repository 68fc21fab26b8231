import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { catalog } from '@tandem/contracts/catalog';
import { loadConfig } from '@tandem/runtime/config';
import type { Caller } from '@tandem/testing/caller';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { MediaConfig } from './config.js';
import { startMedia } from './start-media.js';

const PHOTOS = join(import.meta.dirname, '../../../examples/photos');
const app_metadata = { tenant_id: 'acme' };

let tandem: TestTandem;
let user: Caller;
let photo: Uint8Array<ArrayBuffer>;
let object: string;

beforeAll(async () => {
  tandem = await startTandem({
    catalog,
    services: { media: (env, ...rest) => startMedia(loadConfig(MediaConfig, env), ...rest) },
    env: { SIGNING_KEYS: 'k1:change-me-change-me-change-me-32' },
  });
  user = await tandem.newCaller({ app_metadata });
  photo = new Uint8Array(await readFile(join(PHOTOS, 'hubble_deep_field.jpg')));
  object = await user.upload(photo);
  await preset('card', { width: 160, height: 90, fit: 'cover' });
  await preset('large', { width: 1_200, height: 1_200, fit: 'fill', format: 'png' });
});

async function preset(name: string, options: object): Promise<void> {
  const service = await tandem.newCaller({ app_metadata, role: 'service_role' });
  const headers = { 'content-type': 'application/json' };
  await service.call(`/v1/presets/${name}`, { method: 'PUT', headers, body: JSON.stringify(options) });
}

/** Asks as a browser does: by a link, without a token. */
async function image(of: string, name: string, accept = '*/*'): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ object: of, preset: name });
  const link = await user.call('/v1/images/links', { method: 'POST', headers, body });
  const { url } = (await link.json()) as { url: string };
  return fetch(tandem.url + url, { headers: { accept } });
}

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe('an image on the fly', () => {
  test.each([
    ['image/avif,image/webp,*/*', 'image/avif', 'heif'],
    ['image/webp,*/*', 'image/webp', 'webp'],
    ['*/*', 'image/jpeg', 'jpeg'],
  ])('for a browser that takes %s is %s', async (accept, type, format) => {
    const response = await image(object, 'card', accept);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    expect(await sharp(await bytesOf(response)).metadata()).toMatchObject({ format, width: 160, height: 90 });
  });

  test('comes also when it is too large for a message', async () => {
    const [width, height] = [1_000, 1_000];
    const noise = await sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const response = await image(await user.upload(new Uint8Array(noise)), 'large');
    expect(response.status).toBe(200);
    const bytes = await bytesOf(response);
    expect(bytes.length).toBeGreaterThan(1_100_000);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 1_200, height: 1_200 });
  });
});

describe('a hostile image', () => {
  const problem = async (bytes: Uint8Array<ArrayBuffer>) => {
    const response = await image(await user.upload(bytes), 'card');
    return { status: response.status, ...((await response.json()) as { code: string; detail: string }) };
  };

  test('that is cut off is named as damaged', async () => {
    expect(await problem(photo.slice(0, 20_000))).toMatchObject({ status: 422, code: 'image_unreadable' });
  });

  test('of 900 megapixels is refused by its header', async () => {
    const answer = await problem(hugePng());
    expect(answer).toMatchObject({ status: 422, code: 'image_too_large' });
    expect(answer.detail).toContain('30000 x 30000');
  });

  test('that reaches for a file is refused by its rules', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>';
    expect(await problem(new TextEncoder().encode(svg))).toMatchObject({ status: 422, code: 'image_unreadable' });
  });

  test('leaves the service well', async () => {
    expect((await image(object, 'card')).status).toBe(200);
    expect(tandem.failures).toEqual([]);
  });
});

/** The header of a PNG of 30,000 x 30,000 pixels, and next to nothing behind it. */
function hugePng(): Uint8Array<ArrayBuffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(30_000, 0);
  header.writeUInt32BE(30_000, 4);
  header[8] = 8;
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, checksum]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [chunk('IHDR', header), chunk('IDAT', Buffer.from('789c0300', 'hex')), chunk('IEND', Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat([signature, ...chunks]));
}

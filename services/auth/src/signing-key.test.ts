import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint } from 'jose';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSigningKey } from './signing-key.js';

let data: string;
let path: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'tandem-auth-'));
  path = join(data, 'auth', 'signing-key.json');
});
afterEach(() => rm(data, { recursive: true }));

it('makes the key once, for its owner alone, and leaves nothing else behind', async () => {
  const { kid } = await openSigningKey({ TANDEM_DATA: data });
  expect((await openSigningKey({ TANDEM_DATA: data })).kid).toBe(kid);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(data, 'auth'))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(data, 'auth'))).toEqual(['signing-key.json']);
});

it('names the key by its RFC 7638 thumbprint and shows no private member', async () => {
  const { kid, publicJwk } = await openSigningKey({ TANDEM_DATA: data });
  expect(kid).toBe(await calculateJwkThumbprint(JSON.parse(await readFile(path, 'utf8'))));
  expect(publicJwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid });
  expect(publicJwk).not.toHaveProperty('d');
});

it('gives processes that start together the same key', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, () => openSigningKey({ TANDEM_DATA: data })));
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
});

it('refuses to exist in production and beside Supabase', async () => {
  await expect(openSigningKey({ TANDEM_DATA: data, NODE_ENV: 'production' })).rejects.toThrow(
    'does not run in production',
  );
  await expect(openSigningKey({ TANDEM_DATA: data, SUPABASE_URL: 'https://x.supabase.co' })).rejects.toThrow(
    'Unset it',
  );
  expect(await readdir(data)).toEqual([]);
});

it.each(['', 'secret', '{}', '{"kty":"EC","crv":"P-256"}'])(
  'says which file is broken when it holds %j',
  async (content) => {
    await openSigningKey({ TANDEM_DATA: data });
    await writeFile(path, content);
    await expect(openSigningKey({ TANDEM_DATA: data })).rejects.toThrow(`${path} holds no ES256 private key`);
  },
);

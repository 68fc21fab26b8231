import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SupabaseGrant } from '@tandem/contracts/supabase-grants';
import { atEndOfFile } from '@tandem/testing/cleanup';
import { testIssuer } from '@tandem/testing/issuer';
import { FakeStorage } from '@tandem/testing/supabase-storage';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { putSupabaseObject } from './put-supabase-object.js';
import { readSupabaseObject } from './read-supabase-object.js';
import { StorageClient } from './storage-client.js';
import { storageEgress } from './storage-egress.js';

const user = randomUUID();
const folder = mkdtempSync(join(tmpdir(), 'tandem-supabase-'));
atEndOfFile(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();
let storage: FakeStorage;
let client: StorageClient;
let token: string;

beforeAll(async () => {
  const issuer = await testIssuer();
  storage = await FakeStorage.start(issuer.jwksUrl);
  client = new StorageClient(storageEgress(storage.url), storage.url);
  token = await issuer.token({ sub: user });
});
afterEach(() => {
  storage.broken = undefined;
  storage.uploadSeconds = 7_200;
});

async function writeGrant(path: string): Promise<SupabaseGrant> {
  const { url, expiresAt } = await client.signUpload(token, 'photos', path, false);
  return { bucket: 'photos', path, url, expiresAt: expiresAt.toISOString() };
}

async function readGrant(path: string, bytes = 'bytes'): Promise<SupabaseGrant> {
  storage.files.set(`photos/${path}`, { bytes: Buffer.from(bytes), type: 'image/png' });
  const { url, expiresAt } = (await client.signReads(token, 'photos', [path], 60)).get(path)!;
  return { bucket: 'photos', path, url, expiresAt: expiresAt.toISOString() };
}

const put = (grant: SupabaseGrant | undefined, again = false) =>
  putSupabaseObject(grant, Buffer.from('pixels'), { type: 'image/webp', again, signal });
const rejected = (code: string, detail: string) => ({
  name: 'Rejected',
  code,
  detail: expect.stringContaining(detail),
});

describe('a result', () => {
  test.each(['plain.webp', 'with spaces & (signs) @home+1.webp', 'été/ÿ.webp'])('is written as %s', async (name) => {
    await put(await writeGrant(`${user}/${name}`));
    const file = storage.files.get(`photos/${user}/${name}`);
    expect([file?.bytes.toString(), file?.type]).toEqual(['pixels', 'image/webp']);
  });

  test('that an earlier run wrote is written already', async () => {
    const grant = await writeGrant(`${user}/twice.webp`);
    await put(grant);
    await put(grant, true);
  });

  test('does not replace what somebody put there meanwhile', async () => {
    const grant = await writeGrant(`${user}/race.webp`);
    storage.files.set(`photos/${user}/race.webp`, { bytes: Buffer.from('theirs'), type: 'image/webp' });
    await expect(put(grant)).rejects.toMatchObject(rejected('conflict', 'there already'));
    expect(storage.files.get(`photos/${user}/race.webp`)?.bytes.toString()).toBe('theirs');
  });

  test('comes too late when its permission has ended, and is told to be submitted again', async () => {
    storage.uploadSeconds = -10;
    const grant = await writeGrant(`${user}/late.webp`);
    await expect(put(grant)).rejects.toMatchObject(rejected('forbidden', `ended at ${grant.expiresAt}`));
    // The clocks of worker and Storage may differ.
    const unaware = { ...grant, expiresAt: new Date(Date.now() + 60_000).toISOString() };
    await expect(put(unaware)).rejects.toMatchObject(rejected('forbidden', 'Submit it again'));
    await expect(put(undefined)).rejects.toMatchObject(rejected('forbidden', 'Submit it again'));
  });

  test('is tried again later when Storage is down', async () => {
    const grant = await writeGrant(`${user}/down.webp`);
    storage.broken = 503;
    await expect(put(grant)).rejects.toMatchObject({ name: 'AttemptFailed', code: 'unavailable' });
    const away = { ...grant, url: grant.url.replace(/:\d+\//, ':1/') };
    await expect(put(away)).rejects.toMatchObject({ name: 'AttemptFailed', code: 'unavailable' });
  });

  test('shows its URL in no error', async () => {
    const grant = await writeGrant(`${user}/quiet.webp`);
    storage.broken = 500;
    const error = await put(grant).catch((thrown: unknown) => thrown);
    expect(String((error as { detail: string }).detail)).not.toContain('token=');
  });
});

describe('a source', () => {
  const to = join(folder, 'source');
  const limits = { maxBytes: 1_000, signal };

  test('is written to a file', async () => {
    await readSupabaseObject(await readGrant(`${user}/my photo #1?.png`), to, limits);
    expect(readFileSync(to, 'utf8')).toBe('bytes');
  });

  test('that is gone, is too large or may no longer be read is refused for good', async () => {
    const gone = await readGrant(`${user}/gone.png`);
    storage.files.delete(`photos/${user}/gone.png`);
    await expect(readSupabaseObject(gone, to, limits)).rejects.toMatchObject(rejected('not_found', 'no longer'));
    const large = await readGrant(`${user}/large.png`, 'x'.repeat(1_001));
    await expect(readSupabaseObject(large, to, limits)).rejects.toMatchObject(
      rejected('payload_too_large', 'too large'),
    );
    const ended = { ...gone, expiresAt: new Date(Date.now() - 1).toISOString() };
    await expect(readSupabaseObject(ended, to, limits)).rejects.toMatchObject(rejected('forbidden', 'Submit it again'));
  });

  test('is tried again later when Storage is down', async () => {
    const grant = await readGrant(`${user}/down.png`);
    storage.broken = 502;
    await expect(readSupabaseObject(grant, to, limits)).rejects.toMatchObject({ name: 'AttemptFailed' });
  });
});

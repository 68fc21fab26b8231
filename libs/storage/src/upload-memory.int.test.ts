import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess } from '@tandem/testing/processes';
import { testS3 } from '@tandem/testing/s3';
import { expect, test } from 'vitest';

const MB = 1_000_000;
/** Some seconds, and more on a machine that has other things to do. */
const LIMIT_MS = 150_000;

/** Runs `upload.fixture.ts`, in a process of its own as other tests' memory would hide what this one takes. */
async function upload(bytes: number, env: Record<string, string>) {
  const sources = new URL('../../runtime/src/resolve-sources.ts', import.meta.url).href;
  // Classes here have parameter properties, which Node must transform, as stripping types leaves none.
  const types = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning'];
  const args = ['--conditions=tandem-source', '--import', sources, ...types];
  const child = await startProcess({
    name: 'upload',
    args: [...args, join(import.meta.dirname, 'upload.fixture.ts'), String(bytes)],
    env,
    ready: /\{.*\}\n/,
    timeoutMs: LIMIT_MS,
  });
  expect(await child.exited).toEqual({ code: 0, signal: null });
  return JSON.parse(child.log().match(/\{.*\}/)![0]) as { before: number; peak: number; intact: boolean };
}

test('200 MB to S3 in parts, and back, take memory for a few parts only', { timeout: LIMIT_MS }, async () => {
  const { env } = await testS3();
  const { before, peak, intact } = await upload(200 * MB, env);
  expect(intact).toBe(true);
  expect(peak - before).toBeLessThan(100 * MB);
});

test('200 MB to a folder, and back, take memory for a few chunks only', { timeout: LIMIT_MS }, async () => {
  const STORAGE_DIR = await mkdtemp(join(tmpdir(), 'tandem-store-'));
  const { before, peak, intact } = await upload(200 * MB, { STORAGE: 'filesystem', STORAGE_DIR });
  await rm(STORAGE_DIR, { recursive: true });
  expect(intact).toBe(true);
  expect(peak - before).toBeLessThan(100 * MB);
});

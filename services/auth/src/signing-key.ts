import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '@tandem/runtime/config';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';

/** The development issuer's key: ES256, named by its RFC 7638 thumbprint. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** For the key set. */
  readonly publicJwk: JWK;
}

/** Nest's token for the {@link SigningKey}. */
export const SIGNING_KEY = Symbol('signing key');

/** The settings that {@link openSigningKey} reads. */
export interface KeySettings {
  TANDEM_DATA: string;
  NODE_ENV?: string;
  SUPABASE_URL?: string;
}

/**
 * The key under `<TANDEM_DATA>/auth/signing-key.json`, made by the first call. Whoever holds it can be anybody, so this
 * throws a `ConfigError` in production and where Supabase issues the tokens.
 */
export async function openSigningKey(settings: KeySettings): Promise<SigningKey> {
  refuseOutsideDevelopment(settings);
  const folder = join(settings.TANDEM_DATA, 'auth');
  const path = join(folder, 'signing-key.json');
  const stored = (await read(path)) ?? (await create(folder, path));
  return signingKeyOf(stored, path);
}

function refuseOutsideDevelopment({ NODE_ENV, SUPABASE_URL }: KeySettings): void {
  if (NODE_ENV === 'production') {
    throw new ConfigError(
      'NODE_ENV: the development issuer does not run in production, where anybody with its key could sign in as anybody. Set SUPABASE_URL, so that Supabase issues the tokens.',
    );
  }
  if (SUPABASE_URL) {
    throw new ConfigError(
      'SUPABASE_URL: is set, so Supabase issues the tokens. Unset it to use the development issuer.',
    );
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** `link` makes the file appear whole and only once: of two processes that start together, both use the first's key. */
async function create(folder: string, path: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const draft = join(folder, `.signing-key.${randomUUID()}`);
  await writeFile(draft, `${JSON.stringify(await exportJWK(privateKey))}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, 'utf8');
}

async function signingKeyOf(stored: string, path: string): Promise<SigningKey> {
  try {
    const { kty, crv, x, y, d } = JSON.parse(stored) as JWK;
    const publicMembers = { kty, crv, x, y } as JWK;
    const privateKey = (await importJWK({ ...publicMembers, d }, 'ES256')) as CryptoKey;
    if (privateKey.type !== 'private') throw new TypeError('not a private key');
    const kid = await calculateJwkThumbprint(publicMembers);
    return { kid, privateKey, publicJwk: { ...publicMembers, kid, alg: 'ES256', use: 'sig', key_ops: ['verify'] } };
  } catch {
    // Without the cause: it may quote the file.
    throw new ConfigError(
      `TANDEM_DATA: ${path} holds no ES256 private key. Delete it, and a new one is made; old tokens end then.`,
    );
  }
}

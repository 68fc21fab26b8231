import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A signing key of the tests. */
export interface TestKey {
  kid: string;
  alg: 'ES256' | 'RS256';
  privateKey: CryptoKey;
  jwk: JWK;
}

/** A fresh key pair whose public half is ready for a key set. */
export async function testKey(kid: string, alg: 'ES256' | 'RS256' = 'ES256'): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export const ISSUER = 'https://project.supabase.co/auth/v1';
export const USER = '6f1d8f5e-6c0f-4b1d-9f0b-0d8a4f7b1c2d';

/** Claims as Supabase writes them; `undefined` removes one. */
export function claims(now: number, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const seconds = Math.floor(now / 1000);
  return {
    iss: ISSUER,
    sub: USER,
    aud: 'authenticated',
    exp: seconds + 3600,
    iat: seconds,
    email: 'ada@example.com',
    phone: '',
    app_metadata: { provider: 'email' },
    user_metadata: {},
    role: 'authenticated',
    aal: 'aal1',
    session_id: '0a7cbb6c-5f0e-4d25-9f6b-7bb0b3b0a0aa',
    is_anonymous: false,
    ...changes,
  };
}

/** Signs `payload`; `header` replaces members of the protected header. */
export function sign(
  key: TestKey,
  payload: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
    .sign(key.privateKey);
}

/** A real HTTP server with a key set that tests change, count and break. */
export async function startIssuer(...keys: TestKey[]) {
  const issuer = {
    url: '',
    requests: 0,
    keys: keys.map(({ jwk }) => jwk),
    /** Answers instead of the key set, when set. */
    answer: undefined as { status: number; body: string; headers?: Record<string, string> } | undefined,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
  const server = createServer((_request, response) => {
    issuer.requests += 1;
    const { status, body, headers } = issuer.answer ?? { status: 200, body: JSON.stringify({ keys: issuer.keys }) };
    response.writeHead(status, { connection: 'close', ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/auth/v1/.well-known/jwks.json`;
  return issuer;
}

/** A clock that tests move by hand. */
export class Clock {
  time = Date.parse('2026-11-21T12:00:00Z');
  readonly now = () => this.time;
  advance(seconds: number): void {
    this.time += seconds * 1000;
  }
}

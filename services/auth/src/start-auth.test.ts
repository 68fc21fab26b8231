import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@tandem/runtime/config';
import { createLogger } from '@tandem/telemetry/logger';
import { createRemoteJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuthConfig } from './config.js';
import { mintToken } from './mint-token.js';
import { openSigningKey } from './signing-key.js';
import { type Auth, startAuth } from './start-auth.js';

const SUB = '6f1d8f5e-6c0f-4b1d-9f0b-0d8a4f7b1c2d';
const silent = createLogger('auth', { write() {} });

let data: string;
let config: AuthConfig;
let auth: Auth;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'tandem-auth-'));
  config = loadConfig(AuthConfig, { TANDEM_DATA: data, AUTH_PORT: '0' });
  auth = await startAuth(config, silent);
});
afterAll(async () => {
  await auth.close();
  await rm(data, { recursive: true });
});

it('signs tokens that verify against the key set it serves', async () => {
  const token = await mintToken(await openSigningKey(config), { sub: SUB, issuer: config.JWT_ISSUER });
  const keys = createRemoteJWKSet(new URL(`${auth.url}/auth/v1/.well-known/jwks.json`));
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    algorithms: ['ES256'],
    issuer: config.JWT_ISSUER,
    audience: 'authenticated',
  });
  expect(payload.sub).toBe(SUB);
  expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'JWT' });
});

it('serves public keys only, for ten minutes', async () => {
  const response = await fetch(`${auth.url}/auth/v1/.well-known/jwks.json`);
  expect(response.headers.get('cache-control')).toBe('public, max-age=600');
  const { keys } = (await response.json()) as JSONWebKeySet;
  expect(keys).toHaveLength(1);
  expect(Object.keys(keys[0]!).sort()).toEqual(['alg', 'crv', 'key_ops', 'kid', 'kty', 'use', 'x', 'y']);
});

it('answers that it is healthy', async () => {
  expect(await (await fetch(`${auth.url}/health`)).json()).toEqual({ status: 'ok' });
});

it('keeps a token valid through a restart', async () => {
  const { kid } = await openSigningKey(config);
  await auth.close();
  auth = await startAuth(config, silent);
  const { keys } = (await (await fetch(`${auth.url}/auth/v1/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  expect(keys[0]!.kid).toBe(kid);
});

it('gives a token the claims that Supabase gives', async () => {
  const key = await openSigningKey(config);
  const now = Date.parse('2026-11-21T12:00:00Z');
  const plain = decodeJwt(await mintToken(key, { sub: SUB, issuer: 'iss', now, email: 'ada@example.com' }));
  expect(plain).toEqual({
    iss: 'iss',
    sub: SUB,
    aud: 'authenticated',
    exp: now / 1000 + 3600,
    iat: now / 1000,
    email: 'ada@example.com',
    phone: '',
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: {},
    role: 'authenticated',
    aal: 'aal1',
    amr: [{ method: 'password', timestamp: now / 1000 }],
    session_id: expect.any(String),
    is_anonymous: false,
  });
  const service = await mintToken(key, {
    sub: SUB,
    issuer: 'iss',
    role: 'service_role',
    tenant: 'acme',
    scopes: ['media:write'],
  });
  expect(decodeJwt(service)).toMatchObject({
    role: 'service_role',
    app_metadata: { tenant_id: 'acme', scopes: ['media:write'] },
  });
});

it('refuses to start in production', async () => {
  await expect(startAuth({ ...config, NODE_ENV: 'production' }, silent)).rejects.toThrow('does not run in production');
});

it('reports a port that is taken', async () => {
  const AUTH_PORT = Number(new URL(auth.url).port);
  await expect(startAuth({ ...config, AUTH_PORT }, silent)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

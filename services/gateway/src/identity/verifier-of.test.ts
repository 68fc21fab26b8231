import { expect, it } from 'vitest';
import { claims, sign, startIssuer, testKey, USER } from './issuer.fixture.js';
import { verifierOf } from './verifier-of.js';

const BASE = {
  JWT_AUDIENCE: 'authenticated',
  SUPABASE_URL: undefined,
  JWKS_URL: undefined,
  JWT_ISSUER: undefined,
  SUPABASE_JWT_SECRET: undefined,
};

it('finds keys and issuer from SUPABASE_URL alone', async () => {
  const key = await testKey('ec');
  const issuer = await startIssuer(key);
  const origin = new URL(issuer.url).origin;
  const verifier = verifierOf({ ...BASE, SUPABASE_URL: `${origin}/` });
  const token = await sign(key, claims(Date.now(), { iss: `${origin}/auth/v1` }));
  expect(await verifier.verify(token)).toMatchObject({ actor: USER });
  await issuer.close();
});

it('starts while the issuer is down', async () => {
  const verifier = verifierOf({ ...BASE, SUPABASE_URL: 'http://127.0.0.1:1' });
  const token = await sign(await testKey('ec'), claims(Date.now()));
  await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'unavailable' });
});

it('names the settings that are missing', () => {
  expect(() => verifierOf(BASE)).toThrow('SUPABASE_URL: is required');
  expect(() => verifierOf({ ...BASE, JWKS_URL: 'https://keys.example/jwks.json' })).toThrow('JWT_ISSUER: is required');
});

import { base64url, SignJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Clock, claims, ISSUER, sign, startIssuer, type TestKey, testKey, USER } from './issuer.fixture.js';
import { KeyRing } from './key-ring.js';
import { TokenVerifier } from './token-verifier.js';

const SECRET = 'a legacy secret of at least 32 characters';

let key: TestKey;
let rsa: TestKey;
let clock: Clock;
let issuer: Awaited<ReturnType<typeof startIssuer>>;
let verifier: TokenVerifier;
beforeAll(async () => {
  [key, rsa] = [await testKey('ec'), await testKey('rsa', 'RS256')];
});
beforeEach(async () => {
  clock = new Clock();
  issuer = await startIssuer(key, rsa);
  verifier = verifierWith();
});
afterEach(() => issuer.close());

function verifierWith(legacySecret?: string): TokenVerifier {
  const keyRing = new KeyRing({ jwksUrl: issuer.url, legacySecret, now: clock.now });
  return new TokenVerifier({ keyRing, issuer: ISSUER, audience: 'authenticated', now: clock.now });
}

const token = (changes?: Record<string, unknown>, header?: Record<string, unknown>) =>
  sign(key, claims(clock.time, changes), header);
const hs256 = (payload: Record<string, unknown>, secret: string | Uint8Array, kid?: string) =>
  new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(typeof secret === 'string' ? Buffer.from(secret) : secret);
const GENERIC = { code: 'unauthenticated', detail: 'The access token is not accepted. Sign in again.' };

describe('accepts', () => {
  it('a user of Supabase, whose tenant is the user', async () => {
    expect(await verifier.verify(await token())).toEqual({
      tenant: USER,
      actor: USER,
      role: 'authenticated',
      scopes: 'all',
      sessionId: '0a7cbb6c-5f0e-4d25-9f6b-7bb0b3b0a0aa',
      expiresAt: clock.time + 3_600_000,
    });
  });

  it('RS256', async () => {
    expect(await verifier.verify(await sign(rsa, claims(clock.time)))).toMatchObject({ actor: USER });
  });

  it('several audiences, and clocks that are a few seconds apart', async () => {
    const seconds = clock.time / 1000;
    const changes = { aud: ['other', 'authenticated'], nbf: seconds + 4, exp: seconds - 4 };
    expect(await verifier.verify(await token(changes))).toMatchObject({ actor: USER });
  });

  it('legacy HS256 tokens where the secret is configured, and nowhere else', async () => {
    const legacy = await hs256(claims(clock.time), SECRET);
    expect(await verifierWith(SECRET).verify(legacy)).toMatchObject({ actor: USER });
    await expect(verifier.verify(legacy)).rejects.toMatchObject(GENERIC);
    await expect(verifierWith(`${SECRET}!`).verify(legacy)).rejects.toMatchObject(GENERIC);
  });
});

describe('forgeries', () => {
  const part = (value: unknown) => base64url.encode(JSON.stringify(value));

  it.each(['none', 'None', 'NONE', ''])('refuses alg %j', async (alg) => {
    for (const signature of ['', 'AAAA']) {
      const forged = `${part({ alg, kid: 'ec', typ: 'JWT' })}.${part(claims(clock.time))}.${signature}`;
      await expect(verifierWith(SECRET).verify(forged)).rejects.toMatchObject(GENERIC);
    }
  });

  it('refuses HS256 signed with the public key as secret', async () => {
    const { createPublicKey } = await import('node:crypto');
    for (const { jwk, kid } of [key, rsa]) {
      const publicKey = createPublicKey({ key: jwk as never, format: 'jwk' });
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const der = publicKey.export({ type: 'spki', format: 'der' });
      for (const secret of [pem, pem.trim(), der, JSON.stringify(jwk), JSON.stringify({ keys: [jwk] })]) {
        for (const id of [kid, undefined, 'unknown']) {
          const forged = await hs256(claims(clock.time), secret, id);
          await expect(verifier.verify(forged)).rejects.toMatchObject(GENERIC);
          await expect(verifierWith(SECRET).verify(forged)).rejects.toMatchObject(GENERIC);
        }
      }
    }
  });

  it('refuses an ES256 header with the id of an RSA key, and a key inside the header', async () => {
    await expect(verifier.verify(await token({}, { kid: 'rsa' }))).rejects.toMatchObject(GENERIC);
    const stranger = await testKey('ec');
    const own = await sign(stranger, claims(clock.time), {
      jwk: stranger.jwk,
      jku: 'http://127.0.0.1:1/',
      x5u: 'http://127.0.0.1:1/',
    });
    await expect(verifier.verify(own)).rejects.toMatchObject(GENERIC);
  });

  it('refuses tampered tokens', async () => {
    const [header, payload, signature] = (await token()).split('.') as [string, string, string];
    const other = part(claims(clock.time, { sub: '00000000-0000-4000-8000-000000000000' }));
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    for (const forged of [
      `${header}.${other}.${signature}`,
      `${header}.${payload}.${flipped}`,
      `${header}.${payload}.`,
    ]) {
      await expect(verifier.verify(forged)).rejects.toMatchObject(GENERIC);
    }
  });

  it('refuses critical header parameters that it does not understand', async () => {
    await expect(verifier.verify(await token({}, { crit: ['b64'], b64: true }))).resolves.toBeDefined();
    const forged = `${part({ alg: 'ES256', kid: 'ec', crit: ['x'], x: 1 })}.${part(claims(clock.time))}.AAAA`;
    await expect(verifier.verify(forged)).rejects.toMatchObject(GENERIC);
  });

  it.each([
    '',
    '.',
    '..',
    'a.b.c',
    'Bearer x',
    '\u0000',
    'e30.e30.',
    'null',
    '🔑.🔑.🔑',
    '....',
    'eyJhbGciOiJFUzI1NiJ9',
  ])('refuses the garbage %j', async (garbage) => {
    await expect(verifier.verify(garbage)).rejects.toMatchObject(GENERIC);
  });

  it('refuses a token of more than 8 KB before it reads it', async () => {
    await expect(verifier.verify(await token({ pad: 'x'.repeat(8_000) }))).rejects.toMatchObject(GENERIC);
    expect(issuer.requests).toBe(0);
  });
});

describe('time', () => {
  it('says of an expired token that it expired', async () => {
    const expired = await token({ exp: clock.time / 1000 - 10 });
    await expect(verifier.verify(expired)).rejects.toMatchObject({
      code: 'unauthenticated',
      detail: expect.stringContaining('expired'),
    });
  });

  it.each([{ nbf: 10 }, { exp: undefined }, { exp: 'soon' }])('refuses %j', async (changes) => {
    const absolute = 'nbf' in changes ? { nbf: clock.time / 1000 + 10 } : changes;
    await expect(verifier.verify(await sign(key, claims(clock.time, absolute)))).rejects.toMatchObject(GENERIC);
  });
});

describe('verified tokens', () => {
  it('are remembered, and stop with their expiry', async () => {
    const short = await token({ exp: clock.time / 1000 + 30 });
    await verifier.verify(short);
    clock.advance(29);
    await verifier.verify(short);
    clock.advance(7);
    await expect(verifier.verify(short)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('stop when their key leaves the ring', async () => {
    const good = await token();
    await verifier.verify(good);
    issuer.keys = [rsa.jwk];
    clock.advance(40);
    await sign(rsa, claims(clock.time), { kid: 'new' }).then((unknown) =>
      expect(verifier.verify(unknown)).rejects.toThrow(),
    );
    await expect(verifier.verify(good)).rejects.toMatchObject(GENERIC);
  });

  it('go on through an outage of the issuer', async () => {
    const good = await token();
    await verifier.verify(good);
    issuer.answer = { status: 503, body: '' };
    clock.advance(1_800);
    await expect(verifier.verify(good)).resolves.toMatchObject({ actor: USER });
  });

  it('cannot be told while no key was ever fetched', async () => {
    issuer.answer = { status: 503, body: '' };
    await expect(verifier.verify(await token())).rejects.toMatchObject({ code: 'unavailable' });
  });
});

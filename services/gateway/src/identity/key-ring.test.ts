import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Clock, startIssuer, type TestKey, testKey } from './issuer.fixture.js';
import { KeyRing, type KeySources } from './key-ring.js';

let first: TestKey;
let second: TestKey;
let clock: Clock;
let issuer: Awaited<ReturnType<typeof startIssuer>>;
beforeEach(async () => {
  [first, second] = [await testKey('first'), await testKey('second')];
  clock = new Clock();
  issuer = await startIssuer(first);
});
afterEach(() => issuer.close());

const ring = (sources: KeySources = {}) => new KeyRing({ jwksUrl: issuer.url, now: clock.now, ...sources });
const es256 = (kid?: string) => ({ alg: 'ES256', kid });
const OUTAGE = { status: 503, body: '' };
const unauthenticated = { code: 'unauthenticated' };
const unavailable = { code: 'unavailable' };

describe('unknown key ids', () => {
  it('fetches once for many callers at a time', async () => {
    const keys = ring();
    await Promise.all(Array.from({ length: 20 }, () => keys.find(es256('first'))));
    expect(issuer.requests).toBe(1);
  });

  it('fetches again only after the cool-down', async () => {
    const keys = ring();
    await keys.find(es256('first'));
    await expect(keys.find(es256('made-up'))).rejects.toMatchObject(unauthenticated);
    expect(issuer.requests).toBe(1);
    clock.advance(30);
    await Promise.all(
      [1, 2, 3].map((n) => expect(keys.find(es256(`made-up-${n}`))).rejects.toMatchObject(unauthenticated)),
    );
    expect(issuer.requests).toBe(2);
  });

  it('finds a key that the issuer has just added', async () => {
    const keys = ring();
    await keys.find(es256('first'));
    issuer.keys.push(second.jwk);
    clock.advance(31);
    expect(await keys.find(es256('second'))).toHaveProperty('alg', 'ES256');
  });

  it('does not fetch for a token without a key id', async () => {
    await expect(ring().find(es256())).rejects.toMatchObject(unauthenticated);
    expect(issuer.requests).toBe(0);
  });
});

describe('rotation', () => {
  it('takes standby, in-use and previous keys, and drops a revoked one within its refresh', async () => {
    issuer.keys.push(second.jwk);
    const keys = ring();
    const old = await keys.find(es256('first'));
    expect(await keys.find(es256('second'))).toBeDefined();
    issuer.keys = [second.jwk];
    clock.advance(11 * 60);
    expect(await keys.find(es256('first'))).toBe(old);
    await expect.poll(() => keys.trusts(old)).toBe(false);
    expect(issuer.requests).toBe(2);
    await expect(keys.find(es256('first'))).rejects.toMatchObject(unauthenticated);
  });

  it('keeps the object of a key that stays, and replaces a key under the same id', async () => {
    issuer.keys.push(second.jwk);
    const keys = ring();
    const [kept, replaced] = [await keys.find(es256('first')), await keys.find(es256('second'))];
    issuer.keys = [first.jwk, { ...(await testKey('second')).jwk }];
    clock.advance(11 * 60);
    expect(keys.trusts(kept)).toBe(true);
    await expect.poll(() => keys.trusts(replaced)).toBe(false);
    expect(keys.trusts(kept)).toBe(true);
    expect(issuer.requests).toBe(2);
  });

  it('waits for fresh keys after an idle hour', async () => {
    const keys = ring();
    await keys.find(es256('first'));
    issuer.keys = [second.jwk];
    clock.advance(3600);
    await expect(keys.find(es256('first'))).rejects.toMatchObject(unauthenticated);
  });
});

describe('outage', () => {
  it('serves the keys it has, and asks again every two seconds at most', async () => {
    const keys = ring();
    await keys.find(es256('first'));
    issuer.answer = OUTAGE;
    clock.advance(3600);
    for (let n = 0; n < 5; n += 1) expect(await keys.find(es256('first'))).toBeDefined();
    expect(issuer.requests).toBe(2);
    clock.advance(2);
    await keys.find(es256('first'));
    await expect.poll(() => issuer.requests).toBe(3);
  });

  it('cannot tell about a key id that it does not know', async () => {
    const keys = ring();
    issuer.answer = OUTAGE;
    await keys.warmUp();
    await expect(keys.find(es256('first'))).rejects.toMatchObject(unavailable);
    expect(issuer.requests).toBe(1);
    issuer.answer = undefined;
    clock.advance(2);
    expect(await keys.find(es256('first'))).toBeDefined();
  });

  it('survives an issuer that is not there at all', async () => {
    const keys = ring({ jwksUrl: 'http://127.0.0.1:1/jwks.json' });
    await keys.warmUp();
    await expect(keys.find(es256('first'))).rejects.toMatchObject(unavailable);
  });
});

describe('algorithms', () => {
  it('refuses another algorithm than that of the key, also a symmetric one', async () => {
    const keys = ring({ legacySecret: 'x'.repeat(32) });
    for (const alg of ['RS256', 'HS256', 'none', 'ES384', undefined]) {
      await expect(keys.find({ alg, kid: 'first' })).rejects.toMatchObject(unauthenticated);
    }
  });

  it('has the legacy secret for HS256 only where one is configured', async () => {
    const keys = ring({ legacySecret: 'x'.repeat(32) });
    expect(await keys.find({ alg: 'HS256' })).toHaveProperty('alg', 'HS256');
    expect(await keys.find({ alg: 'HS256', kid: 'some-id' })).toHaveProperty('alg', 'HS256');
    await expect(ring().find({ alg: 'HS256' })).rejects.toMatchObject(unauthenticated);
    expect(issuer.requests).toBe(0);
  });
});

it('takes a key set that is given instead of fetched', async () => {
  const keys = new KeyRing({ jwks: { keys: [first.jwk] }, now: clock.now });
  expect(await keys.find(es256('first'))).toBeDefined();
  await expect(keys.find(es256('second'))).rejects.toMatchObject(unauthenticated);
});

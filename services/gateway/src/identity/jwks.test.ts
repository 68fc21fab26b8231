import { expect, it } from 'vitest';
import { startIssuer, testKey } from './issuer.fixture.js';
import { fetchJwks, readJwks } from './jwks.js';

it('pins the algorithm to the kind of key and leaves out what it does not know', async () => {
  const [ec, rsa] = [(await testKey('ec')).jwk, (await testKey('rsa', 'RS256')).jwk];
  const keys = await readJwks({
    keys: [
      ec,
      rsa,
      { ...ec, kid: 'no-alg', alg: undefined },
      { ...rsa, kid: 'pss', alg: 'PS256' },
      { ...rsa, kid: 'encryption', use: 'enc' },
      { ...ec, kid: undefined },
      { ...rsa, kid: 'ec', alg: undefined },
      { kty: 'EC', crv: 'P-256', x: 'broken', y: 'broken', kid: 'broken' },
      { kty: 'EC', crv: 'P-384', x: ec.x!, y: ec.y!, kid: 'p384' },
      { kty: 'OKP', crv: 'Ed25519', x: ec.x!, kid: 'ed' },
      { kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'symmetric', alg: 'HS256' },
      null as never,
    ],
  });
  expect([...keys].map(([kid, { alg }]) => `${kid} ${alg}`)).toEqual(['ec ES256', 'rsa RS256', 'no-alg ES256']);
});

it('imports no private half', async () => {
  const { jwk } = await testKey('ec');
  const keys = await readJwks({ keys: [{ ...jwk, d: jwk.x }] });
  expect(keys.get('ec')!.key).toHaveProperty('type', 'public');
});

it.each([
  ['another status', { status: 500, body: '{"keys":[]}' }],
  ['a redirect', { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } }],
  ['no JSON', { status: 200, body: '<html>' }],
  ['no key set', { status: 200, body: '{"keys":{}}' }],
  ['null', { status: 200, body: 'null' }],
  ['more than 64 KiB', { status: 200, body: `{"keys":[],"pad":"${'x'.repeat(70_000)}"}` }],
])('refuses %s', async (_name, answer) => {
  const issuer = await startIssuer();
  issuer.answer = answer;
  await expect(fetchJwks(issuer.url, fetch)).rejects.toThrow();
  await issuer.close();
});

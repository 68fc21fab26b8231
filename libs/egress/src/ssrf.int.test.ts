import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestAuthority } from './certificate.fixture.js';
import { DnsStub } from './dns-stub.fixture.js';
import { Egress } from './egress.js';
import type { EgressPolicy } from './policy.js';
import { TargetServer } from './target-server.fixture.js';

// There is no Internet here: 127.0.0.2 stands for a public server, by an exception for that address alone. 127.0.0.1 is
// the victim: the same port on an address that nobody allowed.
const PUBLIC = '127.0.0.2';
const PRIVATE = '127.0.0.1';
const POLICY: EgressPolicy = { allow: [`${PUBLIC}:*`] };

let dns: DnsStub;
let server: TargetServer;
let victim: TargetServer;

beforeEach(async () => {
  dns = await DnsStub.start();
  [server, victim] = await TargetServer.startPair(PUBLIC, PRIVATE);
});
afterEach(async () => {
  dns.stop();
  expect(victim.connections).toBe(0);
  await Promise.all([server.stop(), victim.stop()]);
});

const egress = (policy = POLICY) => new Egress(policy, { resolve: dns.resolve });
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error) => error,
  );

describe('a name', () => {
  it('that resolves to something else after the check is dialled where it was checked', async () => {
    dns.set('rebind.test', [PUBLIC], [PRIVATE]);
    const answer = await egress().fetch(server.url('/', 'rebind.test'));
    expect(await answer.text()).toBe('hello');
    expect(server.requests[0]?.headers.host).toBe(`rebind.test:${server.port}`);
    expect(dns.asked.sort()).toEqual(['A rebind.test', 'AAAA rebind.test']);
    // The next request is checked anew, and refused.
    expect(await failure(egress().fetch(server.url('/', 'rebind.test')))).toMatchObject({ reason: 'address' });
  });

  it('is refused when one of its addresses is, in any order', async () => {
    dns.set('mixed.test', [PUBLIC, PRIVATE]);
    dns.set('mixed-6.test', [PUBLIC, '::1']);
    dns.set('mapped.test', [PUBLIC, '::ffff:127.0.0.1']);
    dns.set('private-first.test', [PRIVATE, PUBLIC]);
    for (const name of ['mixed.test', 'mixed-6.test', 'mapped.test', 'private-first.test']) {
      expect(await failure(egress().fetch(server.url('/', name)))).toMatchObject({ name: 'EgressDenied' });
    }
    expect(server.connections).toBe(0);
  });

  it('that does not exist is refused in the same words as a private one', async () => {
    dns.set('inside.test', [PRIVATE]);
    const missing = await failure(egress().fetch('http://nobody.test/'));
    const inside = await failure(egress().fetch('http://inside.test/'));
    expect(missing).toMatchObject({ name: 'EgressDenied', reason: 'unresolved' });
    expect(inside).toMatchObject({ name: 'EgressDenied', reason: 'address' });
    expect(missing.detail.replace('nobody', 'inside')).toBe(inside.detail);
    expect(JSON.stringify([inside.detail, inside.message, inside.stack])).not.toContain(PRIVATE);
    expect(inside.cause).toBeUndefined();
  });

  it('of an exception is pinned too', async () => {
    dns.set('kong.test', [PUBLIC], [PRIVATE]);
    const answer = await egress({ allow: ['KONG.test.:*'] }).fetch(server.url('/', 'kong.TEST'));
    expect(await answer.text()).toBe('hello');
    expect(dns.asked).toHaveLength(2);
  });

  it('is not even looked up when no address could make it good', async () => {
    dns.set('elsewhere.test', [PUBLIC]);
    const only = egress({ allow: ['kong.test:*'], only: true });
    expect(await failure(only.fetch('http://elsewhere.test'))).toMatchObject({ reason: 'address' });
    expect(await failure(egress({}).fetch('http://elsewhere.test:22'))).toMatchObject({ reason: 'port' });
    expect(dns.asked).toEqual([]);
  });
});

describe('a redirect', () => {
  const to = (location: string, status = 302) => {
    server.answer = (request, response) =>
      request.url === '/start' ? response.writeHead(status, { location }).end('moved') : response.end('arrived');
  };

  it('is followed within what is allowed', async () => {
    to('/end?x=1');
    const answer = await egress().fetch(server.url('/start'));
    expect(await answer.text()).toBe('arrived');
    expect(answer.url).toBe(server.url('/end?x=1'));
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://2130706433:PORT/',
    'http://0x7f.1:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://127.0.0.1.:PORT/',
    'http://127。0。0。1:PORT/',
    '//127.1:PORT/',
    'http:\\\\127.0.0.1:PORT',
    'http://inside.test:PORT/',
    'http://user@127.0.0.2:PORT/',
    'file:///etc/passwd',
    'data:text/plain,hello',
    'ftp://127.0.0.1:PORT/',
  ])('to %s is refused', async (location) => {
    dns.set('inside.test', [PRIVATE]);
    to(Buffer.from(location.replace('PORT', String(server.port))).toString('latin1'));
    expect(await failure(egress().fetch(server.url('/start')))).toMatchObject({ name: 'EgressDenied' });
    expect(server.requests).toHaveLength(1);
  });

  it('that goes round in a circle ends after as many as were asked for', async () => {
    to('/start');
    const circle = failure(egress().fetch(server.url('/start'), { maxRedirects: 3 }));
    expect(await circle).toMatchObject({ name: 'EgressFailed', reason: 'redirects', passing: false });
    expect(server.requests).toHaveLength(4);
  });

  it('is the answer itself when none may be followed', async () => {
    to('http://127.0.0.1/');
    const answer = await egress().fetch(server.url('/start'), { maxRedirects: 0 });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'http://127.0.0.1/']);
  });

  it.each([
    [302, 'POST', 'GET', undefined],
    [303, 'PUT', 'GET', undefined],
    [301, 'PUT', 'PUT', '4'],
    [307, 'POST', 'POST', '4'],
    [308, 'POST', 'POST', '4'],
  ])('with %i turns %s into %s, as the fetch standard says', async (status, method, then, length) => {
    to('/end', status);
    const headers = { 'content-type': 'text/plain' };
    await (await egress().fetch(server.url('/start'), { method, headers, body: 'body' })).text();
    expect(server.requests[1]).toMatchObject({ method: then });
    expect(server.requests[1]?.headers['content-length']).toBe(length);
    expect(server.requests[1]?.headers['content-type']).toBe(length && 'text/plain');
  });

  it('takes credentials along within an origin, and leaves them behind otherwise', async () => {
    dns.set('other.test', [PUBLIC]);
    const headers = { authorization: 'Bearer x', cookie: 'a=b', apikey: 'k', 'x-other': 'stays' };
    to('/end');
    await (await egress().fetch(server.url('/start'), { headers })).text();
    expect(server.requests[1]?.headers).toMatchObject(headers);
    to(server.url('/end', 'other.test'));
    await (await egress().fetch(server.url('/start'), { headers })).text();
    const { authorization, cookie, apikey, host, 'x-other': other } = server.requests[3]?.headers ?? {};
    expect([authorization, cookie, apikey, other]).toEqual([undefined, undefined, undefined, 'stays']);
    expect(host).toBe(`other.test:${server.port}`);
  });
});

describe('TLS', () => {
  const authority = new TestAuthority();
  let secure: TargetServer;
  const trusting = () => new Egress(POLICY, { resolve: dns.resolve, ca: [authority.ca] });
  const url = (host: string, path = '/') => `https://${host}:${secure.port}${path}`;

  beforeEach(async () => {
    secure = await TargetServer.start(PUBLIC, 0, authority.issue('good.test', PUBLIC));
    for (const name of ['good.test', 'bad.test']) dns.set(name, [PUBLIC]);
  });
  afterEach(() => secure.stop());

  it('is verified for the name, or for the address that the URL has', async () => {
    for (const host of ['good.test', 'GOOD.test.', PUBLIC]) {
      expect(await (await trusting().fetch(url(host))).text()).toBe('hello');
    }
    expect(secure.requests.map(({ headers }) => headers.host?.split(':')[0])).toEqual([
      'good.test',
      'good.test',
      PUBLIC,
    ]);
    expect((secure.requests[0]!.socket as { servername?: string }).servername).toBe('good.test');
  });

  it('fails for good with the certificate of another name, or of an unknown authority', async () => {
    const invalid = { name: 'EgressFailed', reason: 'certificate', passing: false };
    expect(await failure(trusting().fetch(url('bad.test')))).toMatchObject(invalid);
    expect(await failure(egress().fetch(url('good.test')))).toMatchObject(invalid);
    expect(secure.requests).toEqual([]);
  });

  it('is verified even where the environment says otherwise', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expect(await failure(egress().fetch(url('good.test')))).toMatchObject({ reason: 'certificate' });
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  it('is not left by a redirect', async () => {
    secure.answer = (_request, response) => response.writeHead(302, { location: server.url() }).end();
    const downgrade = failure(trusting().fetch(url('good.test')));
    expect(await downgrade).toMatchObject({ name: 'EgressDenied', reason: 'downgrade' });
    expect(server.connections).toBe(0);
  });
});

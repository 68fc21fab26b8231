import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { eventually } from '@tandem/testing/eventually';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestAuthority } from './certificate.fixture.js';
import { DnsStub } from './dns-stub.fixture.js';
import { type EgressProxy, startEgressProxy } from './egress-proxy.js';
import type { ProxyDenial, ProxyGrant } from './proxy-grant.js';
import { TargetServer } from './target-server.fixture.js';

// As in ssrf.int.test.ts: 127.0.0.2 stands for the Internet, 127.0.0.1 is the victim.
const PUBLIC = '127.0.0.2';
const PRIVATE = '127.0.0.1';

let dns: DnsStub;
let server: TargetServer;
let victim: TargetServer;
let proxy: EgressProxy;
let grant: ProxyGrant;
let denied: ProxyDenial[];

beforeEach(async () => {
  denied = [];
  dns = await DnsStub.start();
  dns.set('site.test', [PUBLIC]);
  dns.set('inside.test', [PRIVATE]);
  dns.set('mixed.test', [PUBLIC, PRIVATE]);
  [server, victim] = await TargetServer.startPair(PUBLIC, PRIVATE);
  const policyOf = (tenant?: string) => ({ allow: tenant === 'stranger' ? [] : [`${PUBLIC}:*`] });
  proxy = await startEgressProxy(policyOf, { resolve: dns.resolve, idleMs: 20_000 });
  grant = proxy.open({ tenant: 'acme', onDenied: (denial) => denied.push(denial) });
});
afterEach(async () => {
  await proxy.stop();
  dns.stop();
  expect(victim.connections).toBe(0);
  await Promise.all([server.stop(), victim.stop()]);
});

const basic = (token = grant.token) => `Basic ${Buffer.from(`${token}:x`).toString('base64')}`;
const at = (host: string) => `${host}:${server.port}`;

/** A request as a browser sends it to its proxy; `path` is what stands in the request line. */
async function ask(path: string, init: { method?: string; headers?: object; body?: string } = {}) {
  const headers = { 'proxy-authorization': basic(), ...init.headers };
  const sent = request(proxy.url, { path, method: init.method, headers: headers as IncomingHttpHeaders, agent: false });
  sent.end(init.body);
  const [answer] = await once(sent, 'response');
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** A connection to the proxy on which `lines` were sent. */
async function raw(...lines: string[]): Promise<Socket> {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1').on('error', () => {});
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return socket;
}

/** What comes next on a socket, as text. */
async function next(socket: Socket): Promise<string> {
  const [chunk] = await once(socket, 'data');
  return chunk.toString('latin1');
}

const tunnel = (authority: string, authorization = basic()) =>
  raw(`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, `Proxy-Authorization: ${authorization}`);

describe('a plain request', () => {
  it('goes to the checked address, with body, headers and answer', async () => {
    server.answer = async (incoming, response) =>
      response.writeHead(201, { 'x-of-theirs': 'yes', connection: 'x-hop', 'x-hop': '1' }).end(await text(incoming));
    const headers = { 'content-type': 'text/plain', connection: 'close, x-mine', 'x-mine': '1', 'x-other': '2' };
    const answer = await ask(`http://${at('site.test')}/a?b=c`, { method: 'POST', body: 'body', headers });
    expect(answer).toMatchObject({ status: 201, body: 'body', headers: { 'x-of-theirs': 'yes' } });
    expect(answer.headers).not.toHaveProperty('x-hop');
    const arrived = server.requests[0]!;
    expect(arrived).toMatchObject({ method: 'POST', url: '/a?b=c' });
    expect(arrived.headers).toMatchObject({ host: at('site.test'), 'content-type': 'text/plain', 'x-other': '2' });
    expect(arrived.headers).not.toHaveProperty('x-mine');
    expect(arrived.headers).not.toHaveProperty('proxy-authorization');
  });

  it('names the host of its URL, whatever its Host header says', async () => {
    await ask(`http://${at('site.test')}/`, { headers: { host: 'inside.test' } });
    expect(server.requests[0]?.headers.host).toBe(at('site.test'));
  });

  it.each([
    'http://127.0.0.1:PORT/',
    'http://2130706433:PORT/',
    'HTTP://0x7f.1:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://inside.test:PORT/',
    'http://INSIDE.test.:PORT/',
    'http://mixed.test:PORT/',
    'http://nobody.test/',
    'http://169.254.169.254/latest/meta-data/',
    'http://site.test@127.0.0.1:PORT/',
    'ws://127.0.0.1:PORT/',
    'http://93.184.215.14:22/',
  ])('for %s is refused and reported', async (url) => {
    const answer = await ask(url.replace('PORT', String(server.port)));
    expect(answer).toMatchObject({
      status: 403,
      headers: { 'proxy-status': 'egress; error=destination_ip_prohibited' },
    });
    expect(denied).toHaveLength(1);
    expect(denied[0]).toMatchObject({ tenant: 'acme' });
    expect(denied[0]!.host).not.toContain('@');
  });

  it.each(['/', '/http://site.test/', 'https://site.test/', 'ftp://site.test/', '*'])(
    'for %s is no request for a proxy',
    async (path) => expect((await ask(path, { method: path === '*' ? 'OPTIONS' : 'GET' })).status).toBe(400),
  );

  it('is checked anew each time on one connection, and a rebound name is dialled where it was checked', async () => {
    dns.set('rebind.test', [PUBLIC], [PRIVATE]);
    const socket = await raw(`GET http://${at('rebind.test')}/ HTTP/1.1`, 'Host: x', `Proxy-Authorization: ${basic()}`);
    expect(await next(socket)).toMatch(/^HTTP\/1.1 200/);
    socket.write(`GET http://${at('rebind.test')}/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${basic()}\r\n\r\n`);
    await eventually(() => expect(denied).toMatchObject([{ reason: 'address' }]));
    expect(server.requests).toHaveLength(1);
    socket.destroy();
  });

  it('that cannot be fulfilled is told no more than that', async () => {
    const url = `http://${at('site.test')}/`;
    await server.stop();
    const answer = await ask(url);
    expect(answer).toMatchObject({ status: 502, body: 'The connection to site.test failed.' });
  });
});

describe('CONNECT', () => {
  it('makes a tunnel through which TLS is verified end to end', async () => {
    const authority = new TestAuthority();
    const secure = await TargetServer.start(PUBLIC, 0, authority.issue('site.test'));
    const socket = await tunnel(`site.test:${secure.port}`);
    expect(await next(socket)).toBe('HTTP/1.1 200 Connection Established\r\n\r\n');
    const tls = connectTls({ socket, servername: 'site.test', ca: authority.ca });
    tls.write('GET / HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n');
    expect(await text(tls)).toMatch(/^HTTP\/1.1 200 OK[\s\S]*hello/);
    await eventually(() => expect(secure.open).toBe(0));
    await secure.stop();
  });

  it.each([
    '127.0.0.1:PORT',
    '2130706433:PORT',
    '127.1:PORT',
    '[::1]:PORT',
    '[::ffff:7f00:1]:PORT',
    'inside.test:PORT',
    'mixed.test:443',
    '169.254.169.254:80',
    'nobody.test:443',
    '93.184.215.14:25',
  ])('to %s is refused and reported', async (authority) => {
    const socket = await tunnel(authority.replace('PORT', String(server.port)));
    expect(await text(socket)).toMatch(/^HTTP\/1.1 403 /);
    expect(denied).toHaveLength(1);
  });

  it.each(['site.test', 'site.test:', 'site.test:99999999', 'a@site.test:443', 'site.test:443/path', 'site.test:http'])(
    'to %s makes no sense',
    async (authority) => expect(await text(await tunnel(authority))).toMatch(/^HTTP\/1.1 400 /),
  );

  it('dials where a rebound name was checked', async () => {
    dns.set('rebind.test', [PUBLIC], [PRIVATE]);
    const socket = await tunnel(at('rebind.test'));
    expect(await next(socket)).toMatch(/^HTTP\/1.1 200/);
    expect(dns.asked).toHaveLength(2);
    socket.destroy();
    await eventually(() => expect(server.open).toBe(0));
  });
});

describe('a WebSocket', () => {
  const HANDSHAKE = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: a', 'Sec-WebSocket-Version: 13'];

  beforeEach(() => {
    server.server.on('upgrade', (incoming, socket: Socket) => {
      server.requests.push(incoming);
      socket.on('end', () => socket.end());
      if (incoming.url === '/no') return void socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno');
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Accept: b\r\n\r\n',
      );
      socket.on('data', (chunk: Buffer) => socket.write(`echo ${chunk}`));
    });
  });

  it('goes through a plain upgrade', async () => {
    const url = `http://${at('site.test')}/live`;
    const socket = await raw(`GET ${url} HTTP/1.1`, 'Host: x', `Proxy-Authorization: ${basic()}`, ...HANDSHAKE);
    expect(await next(socket)).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n[\s\S]*X-Accept: b\r\n/);
    socket.write('frame');
    expect(await next(socket)).toBe('echo frame');
    expect(server.requests[0]?.headers).toMatchObject({ host: at('site.test'), 'sec-websocket-key': 'a' });
    expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
    socket.destroy();
    await eventually(() => expect(server.open).toBe(0));
  });

  it('goes through a tunnel', async () => {
    const socket = await tunnel(at('site.test'));
    await next(socket);
    socket.write(`GET /live HTTP/1.1\r\nHost: site.test\r\n${HANDSHAKE.join('\r\n')}\r\n\r\n`);
    expect(await next(socket)).toMatch(/^HTTP\/1.1 101/);
    socket.write('frame');
    expect(await next(socket)).toBe('echo frame');
    socket.destroy();
  });

  it('that the server refuses stays refused, and ends the connection', async () => {
    const url = `ws://${at('site.test')}/no`;
    const socket = await raw(`GET ${url} HTTP/1.1`, 'Host: x', `Proxy-Authorization: ${basic()}`, ...HANDSHAKE);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 401 [\s\S]*connection: close[\s\S]*no$/i);
  });

  it.each(['http://169.254.169.254/', 'ws://127.0.0.1:PORT/', 'http://2130706433:PORT/'])(
    'to %s is refused',
    async (written) => {
      const url = written.replace('PORT', String(server.port));
      const socket = await raw(`GET ${url} HTTP/1.1`, 'Host: x', `Proxy-Authorization: ${basic()}`, ...HANDSHAKE);
      expect(await text(socket)).toMatch(/^HTTP\/1.1 403 /);
      expect(denied).toHaveLength(1);
    },
  );

  it('another upgrade is not made, but the request is', async () => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'x' };
    expect(await ask(`http://${at('site.test')}/`, { headers })).toMatchObject({ status: 200, body: 'hello' });
    expect(server.requests[0]?.headers).not.toHaveProperty('upgrade');
  });
});

describe('a grant', () => {
  it.each(['', 'Basic', 'Basic !!', 'Bearer x', 'Basic eDp4', `Basic ${Buffer.from('__proto__:').toString('base64')}`])(
    'is needed: with %j nothing is looked up or dialled',
    async (authorization) => {
      const answer = await ask(`http://${at('site.test')}/`, { headers: { 'proxy-authorization': authorization } });
      expect(answer).toMatchObject({ status: 407, headers: { 'proxy-authenticate': 'Basic realm="egress"' } });
      expect(await text(await tunnel(at('site.test'), authorization))).toMatch(/^HTTP\/1.1 407 [\s\S]*realm="egress"/);
      expect([server.connections, dns.asked]).toEqual([0, []]);
    },
  );

  it('has the policy of its tenant', async () => {
    const stranger = proxy.open({ tenant: 'stranger' });
    const headers = { 'proxy-authorization': basic(stranger.token) };
    expect((await ask(`http://${at('site.test')}/`, { headers })).status).toBe(403);
    expect((await ask(`http://${at('site.test')}/`)).status).toBe(200);
  });

  it('takes its connections with it when it is closed, and no others', async () => {
    const other = proxy.open({ tenant: 'acme' });
    const [mine, theirs] = [await tunnel(at('site.test')), await tunnel(at('site.test'), basic(other.token))];
    await Promise.all([next(mine), next(theirs)]);
    grant.close();
    await once(mine, 'close');
    expect((await ask(`http://${at('site.test')}/`)).status).toBe(407);
    await eventually(() => expect(server.open).toBe(1));
    expect(theirs.closed).toBe(false);
    theirs.destroy();
  });

  it('ends when its bytes are used up, over all connections and both directions', async () => {
    const small = proxy.open({ maxBytes: 100_000, onDenied: (denial) => denied.push(denial) });
    server.answer = (_incoming, response) => void response.end(Buffer.alloc(60_000));
    const headers = { 'proxy-authorization': basic(small.token) };
    const idle = await tunnel(at('site.test'), basic(small.token));
    await next(idle);
    expect((await ask(`http://${at('site.test')}/`, { headers })).body).toHaveLength(60_000);
    expect(small.bytes).toBe(60_000);
    idle.write(Buffer.alloc(50_000));
    await once(idle, 'close');
    expect(denied).toEqual([{ tenant: undefined, host: 'site.test', reason: 'bytes' }]);
    expect(small.signal.aborted).toBe(true);
    await expect(ask(`http://${at('site.test')}/`, { headers })).resolves.toMatchObject({ status: 502 });
  });

  it('has only so many connections at once', async () => {
    const narrow = proxy.open({ maxConnections: 1, onDenied: (denial) => denied.push(denial) });
    const first = await tunnel(at('site.test'), basic(narrow.token));
    await next(first);
    expect(await text(await tunnel(at('site.test'), basic(narrow.token)))).toMatch(/^HTTP\/1.1 503 /);
    expect(denied).toMatchObject([{ reason: 'connections' }]);
    first.destroy();
  });

  it('counts connections that are still being made', async () => {
    dns.set('silent.test');
    const narrow = proxy.open({ maxConnections: 1, onDenied: (denial) => denied.push(denial) });
    const waiting = await tunnel('silent.test:443', basic(narrow.token));
    await eventually(() => expect(dns.asked).toContain('A silent.test'));
    expect(await text(await tunnel(at('site.test'), basic(narrow.token)))).toMatch(/^HTTP\/1.1 503 /);
    waiting.destroy();
    await eventually(async () =>
      expect(await next(await tunnel(at('site.test'), basic(narrow.token)))).toMatch(/^HTTP\/1.1 200/),
    );
    expect(denied[0]).toMatchObject({ reason: 'connections' });
  });
});

describe('the proxy', () => {
  it('ends everything when it stops, and what waits for a name too', async () => {
    dns.set('silent.test');
    const open = await tunnel(at('site.test'));
    await next(open);
    const waiting = await tunnel('silent.test:443');
    await eventually(() => expect(dns.asked).toContain('A silent.test'));
    await Promise.all([proxy.stop(), once(open, 'close'), once(waiting, 'close')]);
    await eventually(() => expect(server.open).toBe(0));
  });

  it('ends a tunnel that is silent for too long', async () => {
    const quick = await startEgressProxy({ allow: [`${PUBLIC}:*`] }, { resolve: dns.resolve, idleMs: 1_000 });
    const socket = connect(Number(new URL(quick.url).port), '127.0.0.1');
    socket.write(
      `CONNECT ${at('site.test')} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${basic(quick.open().token)}\r\n\r\n`,
    );
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200/);
    await quick.stop();
  });

  it('forgets the connection of a caller that goes away before the answer', async () => {
    server.answer = () => {};
    const socket = await raw(`GET http://${at('site.test')}/ HTTP/1.1`, 'Host: x', `Proxy-Authorization: ${basic()}`);
    await eventually(() => expect(server.requests).toHaveLength(1));
    socket.destroy();
    await eventually(() => expect(server.open).toBe(0));
  });
});

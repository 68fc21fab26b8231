import { once } from 'node:events';
import { get, setGlobalProxyFromEnv } from 'node:http';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { eventually } from '@tandem/testing/eventually';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Egress, type EgressOptions } from './egress.js';
import { type Answer, TargetServer } from './target-server.fixture.js';

let server: TargetServer;

beforeEach(async () => {
  server = await TargetServer.start();
});
afterEach(() => server.stop());

const egress = (options: EgressOptions = {}) => new Egress({ allow: ['127.0.0.1:*'] }, options);
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error) => error,
  );
const endless: Answer = (_request, response) => {
  const more = () => {
    while (response.write(Buffer.alloc(65_536, 'a')));
    response.once('drain', more);
  };
  more();
};

describe('a request', () => {
  it('gets status, headers and body of any answer', async () => {
    server.answer = (_request, response) =>
      response.writeHead(404, { 'set-cookie': ['a=1', 'b=2'], 'x-of-theirs': 'yes' }).end('nothing here');
    const answer = await egress().fetch(server.url('/a?b=c#d'));
    expect(answer.status).toBe(404);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('x-of-theirs')).toBe('yes');
    expect(await answer.text()).toBe('nothing here');
    expect(server.requests[0]).toMatchObject({ method: 'GET', url: '/a?b=c' });
  });

  it('sends a body with its headers, and names the host itself', async () => {
    server.answer = async (request, response) => void response.end(await text(request));
    const headers = { 'Content-Type': 'application/json', Host: 'other.example', 'Transfer-Encoding': 'chunked' };
    const answer = await egress().fetch(server.url(), { method: 'post', headers, body: '{"é":1}' });
    expect(await answer.text()).toBe('{"é":1}');
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      headers: { host: `127.0.0.1:${server.port}`, 'content-type': 'application/json', 'content-length': '8' },
    });
    expect(server.requests[0]?.headers).not.toHaveProperty('transfer-encoding');
  });

  it('cannot smuggle lines through its headers', async () => {
    const split = egress().fetch(server.url(), { headers: { 'x-a': 'b\r\nx-c: d' } });
    expect(await failure(split)).toBeInstanceOf(TypeError);
    expect(server.connections).toBe(0);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ])('unpacks %s', async (encoding, pack) => {
    server.answer = (_request, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(pack(Buffer.from('packed')));
    expect(await (await egress().fetch(server.url())).text()).toBe('packed');
  });

  it('says that a packed answer breaks off, or is packed in an unknown way', async () => {
    server.answer = (request, response) => {
      const encoding = request.url === '/odd' ? 'gzip, gzip' : 'gzip';
      response.writeHead(200, { 'content-encoding': encoding }).end(gzipSync('broken off').subarray(0, 15));
    };
    const broken = { name: 'EgressFailed', reason: 'encoding', passing: false };
    expect(await failure((await egress().fetch(server.url())).text())).toMatchObject(broken);
    expect(await failure(egress().fetch(server.url('/odd')))).toMatchObject(broken);
  });

  it('goes its own way where the environment names a proxy', async () => {
    const proxy = await TargetServer.start();
    const restore = setGlobalProxyFromEnv({ HTTP_PROXY: proxy.url(), http_proxy: proxy.url(), NO_PROXY: '' });
    try {
      await once(get(server.url()), 'close'); // so the proxy does count for others
      expect(proxy.connections).toBe(1);
      expect(await (await egress().fetch(server.url())).text()).toBe('hello');
      expect([proxy.connections, server.requests.length]).toEqual([1, 1]);
    } finally {
      restore();
      await proxy.stop();
    }
  });

  it('has no body for HEAD, whatever the headers promise', async () => {
    server.answer = (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 1e9 }).end();
    const answer = await egress().fetch(server.url(), { method: 'HEAD' });
    expect(await answer.text()).toBe('');
  });

  it('leaves no connection behind when its answer is read, discarded or refused', async () => {
    server.answer = (request, response) =>
      request.url === '/endless' ? endless(request, response) : response.end('x');
    await (await egress().fetch(server.url())).text();
    (await egress().fetch(server.url('/endless'))).discard();
    await failure((await egress().fetch(server.url('/endless'), { maxBytes: 10 })).bytes());
    await eventually(() => expect(server.open).toBe(0));
  });
});

describe('limits of size', () => {
  it('hold for an endless body', async () => {
    server.answer = endless;
    const answer = await egress().fetch(server.url(), { maxBytes: 1_000_000 });
    let size = 0;
    const reading = (async () => {
      for await (const chunk of answer.body) size += chunk.length;
    })();
    expect(await failure(reading)).toMatchObject({ name: 'EgressTooLarge', maxBytes: 1_000_000 });
    expect(size).toBeLessThanOrEqual(1_000_000);
  });

  it('hold for a promise of too much, before anything is read', async () => {
    server.answer = (_request, response) => void response.writeHead(200, { 'content-length': 101 }).write('x');
    expect(await failure(egress().fetch(server.url(), { maxBytes: 100 }))).toMatchObject({ name: 'EgressTooLarge' });
  });

  it('let exactly as much through', async () => {
    server.answer = (_request, response) => void response.end(Buffer.alloc(100));
    expect(await (await egress().fetch(server.url(), { maxBytes: 100 })).bytes()).toHaveLength(100);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })],
    ['zstd', zstdCompressSync],
  ])('hold for a bomb in %s', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(200_000_000));
    expect(bomb.length).toBeLessThan(1_000_000);
    server.answer = (_request, response) => response.writeHead(200, { 'content-encoding': encoding }).end(bomb);
    const before = process.memoryUsage.rss();
    const answer = await egress().fetch(server.url(), { maxBytes: 1_000_000 });
    expect(await failure(answer.bytes())).toMatchObject({ name: 'EgressTooLarge' });
    expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000);
  });

  it('hold for headers', async () => {
    server.answer = (_request, response) => response.writeHead(200, { 'x-long': 'a'.repeat(5_000) }).end();
    const refused = { name: 'EgressTooLarge', detail: 'The headers of the answer may have 4096 bytes and had more.' };
    expect(await failure(egress({ maxHeaderBytes: 4096 }).fetch(server.url()))).toMatchObject(refused);
    expect((await egress().fetch(server.url())).status).toBe(200);
  });
});

describe('limits of time', () => {
  it('hold until the headers', async () => {
    server.answer = (_request, response) => void response.writeContinue();
    const slow = egress({ firstByteMs: 50 }).fetch(server.url());
    expect(await failure(slow)).toMatchObject({ name: 'EgressTimedOut', phase: 'first byte' });
    await eventually(() => expect(server.open).toBe(0));
  });

  it('hold for the silence within a body, and spare a slow reader', async () => {
    server.answer = (request, response) => {
      if (request.url === '/silent') response.write('a beginning');
      else response.end(Buffer.alloc(20_000_000));
    };
    const silent = await egress({ idleMs: 50 }).fetch(server.url('/silent'));
    expect(await failure(silent.text())).toMatchObject({ name: 'EgressTimedOut', phase: 'idle' });

    const whole = await egress({ idleMs: 2_000 }).fetch(server.url('/whole'), { maxBytes: 20_000_000 });
    const stopped = await egress({ idleMs: 3_000 }).fetch(server.url('/silent'));
    await failure(stopped.text()); // our pause, longer than the other side may be silent
    expect(await whole.bytes()).toHaveLength(20_000_000);
  });

  it('hold altogether, for a body that trickles', async () => {
    server.answer = (_request, response) => {
      const timer = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(timer));
    };
    const read = async () => (await egress({ idleMs: 5_000 }).fetch(server.url(), { timeoutMs: 1_000 })).text();
    expect(await failure(read())).toMatchObject({ name: 'EgressTimedOut', phase: 'total' });
    await eventually(() => expect(server.open).toBe(0));
  });

  it('hold for a body that nobody reads', async () => {
    server.answer = endless;
    const wait = async () => once((await egress().fetch(server.url(), { timeoutMs: 1_000 })).body, 'end');
    expect(await failure(wait())).toMatchObject({ name: 'EgressTimedOut', phase: 'total' });
    await eventually(() => expect(server.open).toBe(0));
  });

  it('hold for a name server that does not answer', async () => {
    const silent = egress({ connectMs: 50, resolve: () => new Promise(() => {}) });
    expect(await failure(silent.fetch('http://slow.test'))).toMatchObject({ name: 'EgressTimedOut', phase: 'connect' });
  });
});

describe('an abort', () => {
  it('ends a request that waits, with its own reason', async () => {
    const abort = new AbortController();
    server.answer = () => abort.abort(new Error('the job was cancelled'));
    await expect(egress().fetch(server.url(), { signal: abort.signal })).rejects.toThrow('the job was cancelled');
    await eventually(() => expect(server.open).toBe(0));
  });

  it('ends a body that is being read', async () => {
    const abort = new AbortController();
    server.answer = (_request, response) => void response.write('a beginning');
    const answer = await egress().fetch(server.url(), { signal: abort.signal });
    answer.body.once('data', () => abort.abort(new Error('the job was cancelled')));
    await expect(once(answer.body, 'end')).rejects.toThrow('the job was cancelled');
  });

  it('comes before any connection', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(egress().fetch(server.url(), { signal })).rejects.toThrow('too late');
    expect(server.connections).toBe(0);
  });
});

describe('a failure', () => {
  it('of the connection is ours, safe to show, and may pass', async () => {
    server.answer = (request) => void request.socket.destroy();
    const reset = await failure(egress({ resolve: async () => ['127.0.0.1'] }).fetch(server.url()));
    expect(reset).toMatchObject({ name: 'EgressFailed', reason: 'connection', passing: true });
    expect(reset.cause).toMatchObject({ code: 'ECONNRESET' });
    expect(reset.detail).toBe('The connection to 127.0.0.1 failed.');
  });

  it('in the middle of a body reaches its reader', async () => {
    server.answer = (request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half', () => request.socket.destroy());
    };
    const answer = await egress().fetch(server.url());
    expect(await failure(answer.text())).toMatchObject({ name: 'EgressFailed', reason: 'connection' });
  });

  it('to speak HTTP is told apart', async () => {
    server.server.on('connection', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await failure(egress().fetch(server.url()))).toMatchObject({ reason: 'protocol', passing: false });
  });
});

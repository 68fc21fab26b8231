import type { IncomingMessage } from 'node:http';
import { TargetServer } from '@tandem/egress/target-server.fixture';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPdf, startRenderer, type TestRenderer, type TestRequest } from './renderer.fixture.js';
import { serve } from './site.fixture.js';

let renderer: TestRenderer;
let site: TargetServer;
let other: TargetServer;
beforeAll(async () => {
  renderer = await startRenderer({ allow: ['127.0.0.1:*', '127.0.0.2:*'] });
  site = await TargetServer.start();
  other = await TargetServer.start('127.0.0.2');
});
afterAll(async () => {
  await renderer[Symbol.asyncDispose]();
  await site.stop();
  await other.stop();
});

async function made(request: TestRequest) {
  const { data, report } = await renderer.render(request);
  return { text: (await readPdf(data)).text.trim(), report };
}
const rejected = (detail: RegExp, code = 'document_failed') => ({ code, detail: expect.stringMatching(detail) });

describe('a URL', () => {
  test('is opened with its resources, scripts and redirects', async () => {
    serve(site, {
      '/start': { status: 302, location: '/page' },
      '/page': '<link rel="stylesheet" href="/s.css"><p>page</p><script src="/s.js"></script>',
      '/s.css': { type: 'text/css', body: 'p::after { content: " styled" }' },
      '/s.js': { type: 'text/javascript', body: 'document.querySelector("p").append(" scripted")' },
    });
    const { text, report } = await made({ url: site.url('/start') });
    expect(text).toBe('page scripted styled');
    expect(report.failedResources).toEqual([]);
  });

  test('gets headers of the job, and no other origin does', async () => {
    serve(site, { '/page': `<p>x</p><img src="${other.url('/i.png')}">`, '/favicon.ico': '' });
    serve(other, { '/i.png': { status: 404 } });
    await made({
      url: site.url('/page'),
      load: { headers: { Authorization: 'Bearer abc', 'X-Own': '1' }, userAgent: 'Tandem/1', locale: 'fr-FR' },
    });
    expect(site.requests[0]!.headers).toMatchObject({
      authorization: 'Bearer abc',
      'x-own': '1',
      'user-agent': 'Tandem/1',
      'accept-language': expect.stringMatching(/^fr-FR/),
    });
    expect(other.requests[0]!.headers.authorization).toBeUndefined();
    expect(other.requests[0]!.headers['x-own']).toBeUndefined();
  });

  test('gets cookies of the job, beside those that it sets, and no other origin does', async () => {
    const port = (at: string) => new URL(at).port;
    const elsewhere = await TargetServer.start();
    expect(port(elsewhere.url())).not.toBe(port(site.url()));
    serve(elsewhere, { '/i.png': { status: 404 } });
    serve(other, { '/i.png': { status: 404 }, '/page': 'away' });
    serve(site, {
      '/page': `<p>x</p><img src="${other.url('/i.png')}"><img src="${elsewhere.url('/i.png')}"><script>
        document.cookie = "own=2"; document.querySelector("p").textContent = document.cookie; fetch("/f")</script>`,
      '/f': 'f',
      '/away': { status: 302, location: other.url('/page') },
      '/favicon.ico': '',
    });
    const load = { cookies: [{ name: 'session', value: 'abc' }], waitFor: { networkIdle: true } };
    expect((await made({ url: site.url('/page'), load })).text).toBe('own=2');
    const sent = site.requests.map(({ url, headers }) => [url, headers.cookie]);
    expect(sent).toContainEqual(['/page', 'session=abc']);
    expect(sent).toContainEqual(['/f', 'session=abc; own=2']);
    expect((await made({ url: site.url('/away'), load })).text).toBe('away');
    const others = [...other.requests, ...elsewhere.requests];
    expect(others.map(({ url }) => url)).toEqual(expect.arrayContaining(['/i.png', '/page']));
    expect(others.filter(({ headers }) => headers.cookie?.includes('session'))).toEqual([]);
    await elsewhere.stop();
  });

  test('gets no cookies of the job by a WebSocket', async () => {
    serve(site, {
      '/page': `<p>x</p><script>document.cookie = "own=2"; new WebSocket("${site.url('/live').replace('http', 'ws')}").onerror =
        () => { document.querySelector("p").id = "ended" }</script>`,
      '/favicon.ico': '',
    });
    const asked: IncomingMessage[] = [];
    site.server.once('upgrade', (incoming, socket) => {
      asked.push(incoming);
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    });
    await made({
      url: site.url('/page'),
      load: { cookies: [{ name: 'session', value: 'abc' }], waitFor: { selector: '#ended' } },
    });
    expect(site.requests[0]!.headers.cookie).toBe('session=abc');
    expect(asked.map(({ url, headers }) => [url, headers.cookie])).toEqual([['/live', 'own=2']]);
  });

  test('that answers with an error is printed where that is wanted, and the status is told', async () => {
    serve(site, {
      '/page': { status: 404, body: '<p>No such quote' },
      '/zip': { status: 500, type: 'application/zip' },
    });
    const load = { onErrorStatus: 'report' as const };
    const { text, report } = await made({ url: site.url('/page'), load });
    expect(text).toBe('No such quote');
    expect(report.warnings).toEqual(['The host answered 404; what it shows with that is printed.']);
    await expect(made({ url: site.url('/zip'), load })).rejects.toMatchObject(rejected(/file to download/));
    await expect(made({ url: 'http://10.0.0.1/', load })).rejects.toMatchObject(rejected(/10.0.0.1 is not allowed/));
  });

  test.each([
    ['answers 404', { status: 404, type: 'text/plain', body: 'No such quote' }, /answered 404. It says: No such quote/],
    ['answers 500', { status: 500 }, /answered 500/],
    ['is a download', { type: 'application/zip', body: 'x' }, /file to download \(application\/zip\)/],
    ['is an attachment', { disposition: 'attachment; filename=x.html', body: 'x' }, /file to download/],
    ['leads to a file', { status: 302, location: 'file:///etc/passwd' }, /cannot be opened/],
  ])('that %s fails the job', async (_, file, detail) => {
    serve(site, { '/page': file });
    await expect(made({ url: site.url('/page') })).rejects.toMatchObject(rejected(detail));
  });

  test('that refuses at length fails at once, and what it says is not read', async () => {
    site.answer = (_request, response) => {
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.write('No such quote. '.repeat(10_000));
    };
    await expect(made({ url: site.url('/page') })).rejects.toMatchObject(rejected(/The host answered 404\.$/));
  });

  test('of a private network fails the job', async () => {
    await expect(made({ url: 'http://10.0.0.1/' })).rejects.toMatchObject(
      rejected(/cannot be made. [^.]*10.0.0.1 is not allowed/),
    );
  });

  test('of a host that refuses connections is tried again', async () => {
    const gone = await TargetServer.start();
    const url = gone.url();
    await gone.stop();
    await expect(made({ url })).rejects.toMatchObject({
      code: 'source_unreachable',
      detail: expect.stringMatching(/^The URL cannot be opened: /),
    });
  });

  test('may lead on by a script', async () => {
    serve(site, { '/a': '<script>location.replace("/b")</script>', '/b': '<p id="b">second</p>' });
    const { text } = await made({ url: site.url('/a'), load: { waitFor: { selector: '#b' } } });
    expect(text).toBe('second');
  });
});

describe('a resource that never answers', () => {
  const load = { resourceTimeoutSeconds: 2 };
  test.each([
    ['image', '<img src="/dead">'],
    ['script in the middle', '<script src="/dead"></script>'],
    ['style sheet', '<link rel="stylesheet" href="/dead">'],
    ['frame', '<iframe src="/dead"></iframe>'],
    ['font', '<style>@font-face { font-family: F; src: url(/dead) } p { font-family: F }</style>'],
    ['import', '<style>@import "/dead";</style>'],
  ])('as %s is given up, and the rest is printed', async (_, html) => {
    serve(site, {
      '/page': `${html}<p>rest</p><script src="/s.js"></script>`,
      '/s.js': { type: 'text/javascript', body: 'document.querySelector("p").append(" scripted")' },
    });
    const { text, report } = await made({ url: site.url('/page'), load });
    expect(text).toBe('rest scripted');
    expect(report.failedResources).toEqual([{ url: site.url('/dead'), reason: 'it was not there within 2 s' }]);
  });

  test('in a frame of another site is given up too', async () => {
    serve(site, { '/page': `<p>rest</p><iframe src="${other.url('/frame')}"></iframe>` });
    serve(other, { '/frame': 'frame <img src="/dead">' });
    const { text, report } = await made({ url: site.url('/page'), load });
    expect(text).toContain('rest');
    expect(report.failedResources).toEqual([{ url: other.url('/dead'), reason: 'it was not there within 2 s' }]);
  });
});

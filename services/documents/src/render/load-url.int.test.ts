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

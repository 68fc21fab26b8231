import { TargetServer } from '@tandem/egress/target-server.fixture';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPdf, startRenderer, type TestRenderer, type TestRequest } from './renderer.fixture.js';
import { serve } from './site.fixture.js';

let renderer: TestRenderer;
let other: TargetServer;
beforeAll(async () => {
  renderer = await startRenderer({ allow: ['127.0.0.2:*'] });
  other = await TargetServer.start('127.0.0.2');
});
afterAll(async () => {
  await renderer[Symbol.asyncDispose]();
  await other.stop();
});

async function made(request: TestRequest) {
  const { data, report } = await renderer.render(request);
  return { text: (await readPdf(data)).text.trim(), report };
}
const rejected = (detail: RegExp, code = 'document_failed') => ({ code, detail: expect.stringMatching(detail) });
const asset = (type: string, text: string) => ({ type, bytes: Buffer.from(text) });

describe('a written page', () => {
  test('finds its assets by relative paths, also those of its style sheets', async () => {
    const assets = {
      'css/style.css': asset('text/css', '@import "more.css"; p { font-family: "DejaVu Sans" }'),
      'css/more.css': asset('text/css', 'p::after { content: " from css" }'),
      'pixel.svg': asset('image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'),
    };
    const { text, report } = await made({
      html: '<link rel="stylesheet" href="css/style.css"><img src="./pixel.svg?v=1"><img src="logo/none.png"><p>text</p>',
      assets,
    });
    expect(text).toBe('text from css');
    expect(report.fonts).toEqual(['DejaVu Sans']);
    expect(report.failedResources).toEqual([
      { url: 'logo/none.png', reason: 'the document has no asset of this path' },
    ]);
  });

  test('reaches no other host without network, and says so', async () => {
    serve(other, { '/x.css': 'p { display: none }' });
    const { text, report } = await made({
      html: `<link rel="stylesheet" href="${other.url('/x.css?token=s3cret')}"><p>text`,
    });
    expect(text).toBe('text');
    expect(other.requests).toHaveLength(0);
    expect(report.failedResources).toEqual([
      { url: other.url('/x.css'), reason: expect.stringContaining('load.network') },
    ]);
  });

  test('reaches other hosts with network', async () => {
    serve(other, {
      '/x.css': { type: 'text/css', body: 'p::after { content: " styled" }' },
      '/gone.png': { status: 404 },
    });
    const html = `<link rel="stylesheet" href="${other.url('/x.css')}"><img src="${other.url('/gone.png')}"><p>text`;
    const { text, report } = await made({ html, load: { network: true } });
    expect(text).toBe('text styled');
    expect(report.failedResources).toEqual([{ url: other.url('/gone.png'), reason: 'the host answered 404' }]);
  });

  test('runs no scripts by default, and runs them when it may', async () => {
    const html = '<p>before</p><script>document.querySelector("p").textContent = "after"</script>';
    expect((await made({ html })).text).toBe('before');
    expect((await made({ html, load: { javascript: true } })).text).toBe('after');
  });

  test('is whole without a head, in the language of the job', async () => {
    const html = '<style>:lang(fr) p::after { content: " en français" }</style><p>é';
    expect((await made({ html, load: { locale: 'fr-SN' } })).text).toBe('é en français');
  });

  test.each([
    ['another host', '<meta http-equiv="refresh" content="0;url=http://example.com/">'],
    ['a file', '<script>location = "file:///etc/passwd"</script>'],
    ['the browser', '<script>location = "chrome://version"</script>'],
    ['data', '<script>location = "data:text/html,gone"</script>'],
    ['a frame of a file', '<iframe src="file:///etc/passwd"></iframe>'],
  ])('does not lead to %s', async (_, html) => {
    expect((await made({ html: `<p>stays</p>${html}`, load: { javascript: true } })).text).toContain('stays');
  });

  test('fails when it goes to a blob', async () => {
    const html =
      '<p>stays</p><script>location = URL.createObjectURL(new Blob(["gone"], { type: "text/html" }))</script>';
    await expect(made({ html, load: { javascript: true, waitFor: { selector: '#none' } } })).rejects.toMatchObject(
      rejected(/of the kind blob:/),
    );
  });

  test('is not held up by dialogs, windows and downloads', async () => {
    const html = `<p>text</p><a id="a" href="data:application/zip,x" download="x.zip">a</a><script>
      alert("Attention"); confirm("?"); open("https://example.com/"); a.click(); onbeforeunload = () => "no";</script>`;
    const { text, report } = await made({ html, load: { javascript: true } });
    expect(text).toContain('text');
    expect(report.warnings).toContain('The page opened a dialog, which was dismissed: Attention');
    expect(report.failedResources).toContainEqual({
      url: 'https://example.com/',
      reason: 'a document may not open windows',
    });
  });

  test('tells of errors on its console, or fails with them', async () => {
    const html = '<p>x</p><script>console.error("bad", 7); undefinedFunction()</script>';
    const { report } = await made({ html, load: { javascript: true } });
    expect(report.consoleErrors).toEqual(['bad 7', 'ReferenceError: undefinedFunction is not defined']);
    const load = { javascript: true, onConsoleError: 'fail' as const };
    await expect(made({ html, load })).rejects.toMatchObject(rejected(/console: bad 7\. Mend it/));
  });

  test('fails with a resource when that is wanted', async () => {
    const load = { onResourceFailure: 'fail' as const };
    await expect(made({ html: '<img src="logo.png">', load })).rejects.toMatchObject(
      rejected(/^logo.png could not be loaded/),
    );
  });
});

describe('waiting', () => {
  const js = { javascript: true };
  /** For what never comes: long enough for a busy machine to load the page itself. */
  const vain = { ...js, timeoutSeconds: 4 };
  const late = (code: string) => `<p>early</p><script>setTimeout(() => { ${code} }, 150)</script>`;
  const append = 'document.body.insertAdjacentHTML("beforeend", "<b id=late>late</b>")';

  test('for an element, an expression, an idle network or a time', async () => {
    const html = late(append);
    expect((await made({ html, load: { ...js, waitFor: { selector: '#late' } } })).text).toContain('late');
    expect(
      (await made({ html, load: { ...js, waitFor: { expression: 'document.getElementById("late")' } } })).text,
    ).toContain('late');
    expect((await made({ html, load: { ...js, waitFor: { delayMs: 2_000 } } })).text).toContain('late');
    // One answer is held until many others came one after the other, so the network is not idle for a moment before.
    const held = Promise.withResolvers<void>();
    other.answer = ({ url }, response) => {
      if (url === '/last') held.resolve();
      const now = url === '/held' ? held.promise : Promise.resolve();
      void now.then(() => response.writeHead(200, { 'access-control-allow-origin': '*' }).end());
    };
    const asking = `fetch("${other.url('/held')}").then(() => ${append})`;
    const others = `for (let n = 0; n < 100; n++) await fetch("${other.url('/other')}"); fetch("${other.url('/last')}")`;
    const fetching = `<p>early</p><script type=module>${asking}; ${others}</script>`;
    const idle = { ...js, network: true, waitFor: { networkIdle: true } };
    expect((await made({ html: fetching, load: idle })).text).toContain('late');
  });

  test.each([
    ['an element', { selector: '#never' }, /within 4 s: no element that load.waitFor.selector matches \(#never\)/],
    [
      'an expression',
      { expression: 'window.ready.yes' },
      /load.waitFor.expression did not become true; it throws TypeError/,
    ],
  ])('for %s in vain says so', async (_, waitFor, detail) => {
    await expect(made({ html: 'x', load: { ...vain, waitFor } })).rejects.toMatchObject(rejected(detail));
  });

  test('for something that is no selector says so', async () => {
    await expect(made({ html: 'x', load: { waitFor: { selector: 'p[' } } })).rejects.toMatchObject(
      rejected(/load.waitFor.selector is not a CSS selector/, 'invalid_input'),
    );
  });

  test('for an expression that cannot be parsed fails at once', async () => {
    await expect(made({ html: 'x', load: { ...js, waitFor: { expression: 'window.ready(' } } })).rejects.toMatchObject(
      rejected(/load.waitFor.expression is not JavaScript: SyntaxError/, 'invalid_input'),
    );
  });

  test('ends when the page never comes to rest', async () => {
    await expect(made({ html: '<script>for (;;);</script>', load: vain })).rejects.toMatchObject(
      rejected(/within 4 s: .*scripts were running/),
    );
    expect((await made({ html: 'neighbour' })).text).toBe('neighbour');
  });

  test('ends with the job', async () => {
    const stop = new AbortController();
    const running = made({
      html: 'x',
      load: { ...js, waitFor: { selector: '#never' } },
      signal: stop.signal,
    });
    stop.abort(new Error('cancelled by its owner'));
    await expect(running).rejects.toThrow('cancelled by its owner');
  });
});

test('the page sees the media, place and time of the job', async () => {
  const html = `<style>p { display: none } @media screen and (prefers-color-scheme: dark) { p { display: block } }</style><p>dark screen</p>
    <b></b><script>document.querySelector('b').textContent = new Intl.DateTimeFormat(undefined, { timeZoneName: 'long', month: 'long', timeZone: undefined }).format(0)</script>`;
  const { text } = await made({
    html,
    load: { javascript: true, media: 'screen', colorScheme: 'dark', locale: 'fr-FR', timeZone: 'Africa/Dakar' },
  });
  expect(text).toContain('dark screen');
  expect(text).toMatch(/janvier.*Greenwich/);
  await expect(made({ html, load: { timeZone: 'Mars/Olympus' } })).rejects.toMatchObject(
    rejected(/load.timeZone/, 'invalid_input'),
  );
});

test('what a reader prefers is told to the page', async () => {
  const features = ['prefers-reduced-motion: reduce', 'prefers-contrast: more', 'forced-colors: active'];
  const html = `<style>${features.map((feature, at) => `@media (${feature}) { p::after { content: "${at}" } }`).join(' ')}</style><p>`;
  const asked = [{ reducedMotion: 'reduce' }, { contrast: 'more' }, { forcedColors: 'active' }] as const;
  for (const [at, load] of asked.entries()) expect((await made({ html, load })).text.trim()).toBe(String(at));
  expect((await made({ html })).text.trim()).toBe('');
});

test('images that wait to be scrolled to are printed', async () => {
  const red = await sharp({
    create: {
      width: 400,
      height: 400,
      channels: 3,
      background: 'red',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .png()
    .toBuffer();
  const page = (loading: string) => ({
    html: `<div style="height:9000px"></div><img loading="${loading}" src="i.png">`,
    assets: { 'i.png': { type: 'image/png', bytes: red } },
  });
  const [eager, lazy] = [await renderer.render(page('eager')), await renderer.render(page('lazy'))];
  expect(lazy.data.length).toBeGreaterThan(0.95 * eager.data.length);
  expect(lazy.report.failedResources).toEqual([]);
});

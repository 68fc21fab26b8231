import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TargetServer } from '@tandem/egress/target-server.fixture';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPdf, startRenderer, type TestRenderer } from './render/renderer.fixture.js';

const SECRET = 'SECRET-OF-THE-DISK';
const FILES: Record<string, { type: string; body: string }> = {
  'secret.html': { type: 'text/html', body: `<p>${SECRET} page` },
  'secret.css': { type: 'text/css', body: `#styled::after { content: "${SECRET} style" }` },
  'secret.svg': {
    type: 'image/svg+xml',
    body: `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="20"><text y="15">${SECRET} picture</text></svg>`,
  },
  'secret.js': { type: 'text/javascript', body: `document.body.append("${SECRET} script")` },
};
const BEGIN = 'http://127.0.0.1';

let folder: string;
let site: TargetServer;
let renderer: TestRenderer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'disk-'));
  chmodSync(folder, 0o755); // the browser is another user, and could read it
  for (const [name, { body }] of Object.entries(FILES)) writeFileSync(join(folder, name), body, { mode: 0o644 });
  site = await TargetServer.start();
  renderer = await startRenderer({ allow: ['127.0.0.1:*'] }, undefined, { pages: 1, browsers: 1 });
});
afterAll(async () => {
  await renderer[Symbol.asyncDispose]();
  await site.stop();
  rmSync(folder, { recursive: true });
});

/** A page that shows each file in every way it knows. */
const showing = (base: string) => `<p>page</p><p id="styled">styled</p>
  <iframe src="${base}/secret.html"></iframe><object data="${base}/secret.html"></object><embed src="${base}/secret.html">
  <iframe src='data:text/html,<iframe src="${base}/secret.html"></iframe>'></iframe>
  <iframe srcdoc='<img src="${base}/secret.svg">'></iframe>
  <img src="${base}/secret.svg"><link rel="stylesheet" href="${base}/secret.css"><style>@import "${base}/secret.css";</style>
  <div style="width: 400px; height: 20px; background: url(${base}/secret.svg)"></div>
  <svg width="400" height="20"><image href="${base}/secret.svg"/></svg>
  <script src="${base}/secret.js"></script>
  <script>
    const show = (text) => document.body.append(text);
    fetch("${base}/secret.html").then((r) => r.text()).then(show).catch(() => show("no fetch"));
    const x = new XMLHttpRequest();
    x.onload = () => show(x.responseText);
    try { x.open("GET", "${base}/secret.html"); x.send(); } catch { show("no xhr"); }
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.src = URL.createObjectURL(new Blob(['<iframe src="${base}/secret.html"></iframe>'], { type: "text/html" }));
  </script>`;

const load = { javascript: true, network: true, timeoutSeconds: 40, waitFor: { delayMs: 500 } };

async function printed(html: string, from: 'url' | 'html') {
  site.answer = ({ url = '' }, response) => {
    const { type, body } = FILES[url.slice(1)] ?? { type: 'text/html', body: html };
    response.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*' }).end(body);
  };
  const source = from === 'url' ? { url: site.url('/page') } : { html };
  const { data, report } = await renderer.render({ ...source, load });
  return { text: (await readPdf(data)).text, report };
}

describe.each(['url', 'html'] as const)('a page from %s', (from) => {
  test('shows files of a host that is allowed', async () => {
    const { text } = await printed(showing(`${BEGIN}:${site.port}`), from);
    for (const kind of ['page', 'style', 'picture', 'script']) expect(text).toContain(`${SECRET} ${kind}`);
  });

  test.each(['', 'view-source:', 'filesystem:', 'blob:'])('shows nothing of the disk by %sfile:', async (before) => {
    const { text, report } = await printed(showing(before + pathToFileURL(folder)), from);
    expect(text).toContain('styled');
    expect(text).not.toContain(SECRET);
    expect(JSON.stringify(report)).not.toContain(SECRET);
  });

  test('shows no page of the browser', async () => {
    const kinds = [
      'chrome://version',
      'chrome://gpu',
      'about:version',
      'view-source:about:blank',
      'devtools://devtools/bundled/inspector.html',
    ];
    const frames = kinds.map((url) => `<iframe width="600" height="300" src="${url}"></iframe>`).join('');
    const { text } = await printed(`<p>page</p>${frames}`, from);
    expect(text).not.toMatch(/Command Line|Executable|Chromium|headless/i);
  });
});

test.each([
  () => String(pathToFileURL(join(folder, 'secret.html'))),
  () => `view-source:${pathToFileURL(join(folder, 'secret.html'))}`,
  () => 'chrome://version',
  () => 'about:blank',
  () => `data:text/html,${SECRET}`,
  () => 'javascript:document.write(1)',
  () => 'ftp://127.0.0.1/',
])('no document is made of a source of another kind (%#)', async (url) => {
  const opened = renderer.render({ url: url(), load: { timeoutSeconds: 40 } });
  await expect(opened).rejects.toMatchObject({
    code: 'document_failed',
    detail: expect.not.stringContaining('within'),
  });
});

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { DnsStub } from '@tandem/egress/dns-stub.fixture';
import { TargetServer } from '@tandem/egress/target-server.fixture';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readPdf, startRenderer, type TestRenderer } from './render/renderer.fixture.js';
import { HALF_WAYS, pageOfUrls, pageOfWays, SPELLINGS, UNSURE_WAYS, WAYS, webRtc } from './ways-out.fixture.js';

// As in libs/egress: 127.0.0.2 stands for the Internet, by an exception for that address alone. 127.0.0.1 is the victim: the same
// port on an address that nobody allowed, where a browser without a proxy would get to.
const PUBLIC = '127.0.0.2';
const PRIVATE = '127.0.0.1';
/** Service workers run where the browser trusts the origin, and it trusts localhost. The proxy asks the DNS stub. */
const SITE = 'site.localhost';
const EVERY_WAY = { ...WAYS, ...HALF_WAYS, ...UNSURE_WAYS };
const load = { javascript: true, network: true, timeoutSeconds: 100, resourceTimeoutSeconds: 20 };

let dns: DnsStub;
let renderer: TestRenderer;
let site: TargetServer;
let victim: TargetServer;
let udp: Socket;
let datagrams = 0;
let pages: Record<string, () => string>;

beforeAll(async () => {
  dns = await DnsStub.start();
  dns.set(SITE, [PUBLIC]);
  [site, victim] = await TargetServer.startPair(PUBLIC, PRIVATE);
  udp = createSocket('udp4').on('message', () => datagrams++);
  udp.bind(victim.port, PRIVATE);
  await once(udp, 'listening');
  renderer = await startRenderer({ allow: [`${PUBLIC}:*`] }, undefined, {
    resolve: dns.resolve,
    pages: 1,
    browsers: 1,
  });
  site.answer = ({ url = '' }, response) => {
    const [path = '', query = ''] = url.split(/\?(.*)/s);
    const [status, location] = query.split(/&(.*)/s);
    if (path === '/redirect') return void response.writeHead(Number(status), { location }).end();
    if (path === '/service-worker.js')
      return void response
        .writeHead(200, { 'content-type': 'text/javascript' })
        .end('fetch("http://" + new URL(location).searchParams.get("to"), { mode: "no-cors" })');
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(pages[path]?.() ?? '');
  };
});
beforeEach(() => {
  pages = {};
  site.requests.length = 0;
});
afterAll(async () => {
  await renderer[Symbol.asyncDispose]();
  dns.stop();
  udp.close();
  await Promise.all([site.stop(), victim.stop()]);
  expect({ connections: victim.connections, datagrams }).toEqual({ connections: 0, datagrams: 0 });
});

const at = (path: string, host = SITE) => `http://${host}:${site.port}${path}`;

/** Makes a PDF of a page at the site, which all of these files belong to. */
async function made(files: Record<string, string | (() => string)>, waitFor?: object) {
  for (const [path, body] of Object.entries(files)) pages[path] = typeof body === 'string' ? () => body : body;
  const { data, report } = await renderer.render({ url: at('/page'), load: { ...load, waitFor } });
  return { text: (await readPdf(data)).text.trim(), report };
}

describe('a page that tries every way out', () => {
  const arrived = (domain: string) =>
    new Set(
      site.requests.flatMap(({ headers: { host = '' } }) => {
        const [name, rest] = host.split(/\.(.*)/s);
        return rest === `${domain}:${site.port}` ? [name!] : [];
      }),
    );
  const asked = (domain: string) =>
    new Set(dns.asked.filter((name) => name.endsWith(`.${domain}`)).map((name) => name.slice(2, -domain.length - 1)));

  test('arrives at a host that is allowed', async () => {
    for (const name of Object.keys(EVERY_WAY)) dns.set(`${name}.friend.test`, [PUBLIC]);
    const missing = () => Object.keys(WAYS).filter((name) => !arrived('friend.test').has(name));
    const html = pageOfWays({ ...EVERY_WAY, ...webRtc(`${PRIVATE}:${victim.port}`) }, 'friend.test', site.port);
    const { text } = await made(
      { '/page': html, '/seen': () => String(missing().length === 0) },
      { expression: 'window.done' },
    );
    expect(text).toContain('page of ways');
    expect(missing()).toEqual([]);
  });

  test('arrives at no host that is forbidden, and the report names it', async () => {
    for (const name of Object.keys(EVERY_WAY)) dns.set(`${name}.victim.test`, [PRIVATE]);
    const missing = () => Object.keys({ ...WAYS, ...HALF_WAYS }).filter((name) => !asked('victim.test').has(name));
    const html = pageOfWays({ ...EVERY_WAY, ...webRtc(`${PRIVATE}:${victim.port}`) }, 'victim.test', victim.port);
    const { text, report } = await made(
      { '/page': html, '/seen': () => String(missing().length === 0) },
      { expression: 'window.done' },
    );
    expect(text).toContain('page of ways');
    expect(victim.connections).toBe(0);
    const named = JSON.stringify(report.failedResources);
    expect(Object.keys({ ...WAYS, ...HALF_WAYS }).filter((name) => !named.includes(`${name}.victim.test`))).toEqual([]);
  });
});

test('a page reaches no forbidden address, however it is spelled, and the report names each', async () => {
  for (const name of ['localhost', 'inside.localhost', '127.0.0.1.nip.test', 'inside.test', '127.0.0.1'])
    dns.set(name, [PRIVATE]);
  dns.set('mixed.test', [PUBLIC, PRIVATE]);
  dns.set('six.test', ['::ffff:127.0.0.1']);
  const urls = SPELLINGS.map((start, index) => `${start.replace('PORT', String(victim.port))}/spelling-${index}`);
  const { report } = await made({ '/page': pageOfUrls(urls) }, { expression: 'window.done' });
  const named = report.failedResources.map(({ url }) => url);
  expect(urls.filter((_, index) => !named.some((url) => url.endsWith(`/spelling-${index}`)))).toEqual([]);
  expect(victim.connections).toBe(0);
  // The same with the address that is allowed: the page does go where it may.
  await made({ '/page': pageOfUrls([at('/spelling', PUBLIC)]) }, { expression: 'window.done' });
  expect(site.requests.filter(({ url }) => url === '/spelling')).toHaveLength(3);
});

test('a name that turns to a forbidden address after the first look is dialled where it was checked, and then refused', async () => {
  dns.set('rebind.test', [PUBLIC], [PRIVATE]);
  const script = `<p>rebound</p><script type="module">
    for (const name of ['first', 'second', 'third']) await fetch('http://rebind.test:${site.port}/' + name, { mode: 'no-cors' }).catch(() => {});
    window.done = true</script>`;
  const { report } = await made({ '/page': script }, { expression: 'window.done' });
  expect(site.requests.filter(({ url }) => url === '/first')).toHaveLength(1);
  expect(report.failedResources.map(({ url }) => url)).toContain(at('/third', 'rebind.test'));
  expect(victim.connections).toBe(0);
});

describe('the page itself', () => {
  const target = () => `http://whole.victim.test:${victim.port}/`;
  test.each([
    ['a location', () => `<script>location = "${target()}"</script>`],
    ['a refresh', () => `<meta http-equiv="refresh" content="0;url=${target()}">`],
    ['a form', () => `<form method="post" action="${target()}"></form><script>document.forms[0].submit()</script>`],
    ['a link', () => `<a href="${target()}" download="x">a</a><script>document.links[0].click()</script>`],
    ['a link to its own opener', () => `<script>open("${target()}", "_self")</script>`],
    ['an address with a password', () => `<script>location = "http://user:word@127.0.0.1:${victim.port}/"</script>`],
    ['the odd spelling of an address', () => `<script>location = "http://0x7f.1:${victim.port}/"</script>`],
  ])('is not led to a forbidden host by %s', async (_, html) => {
    dns.set('whole.victim.test', [PRIVATE]);
    const led = made({ '/page': html() }, { selector: '#none' });
    await expect(led).rejects.toMatchObject({ detail: expect.stringMatching(/is not allowed/) });
    expect(victim.connections).toBe(0);
  });

  test.each([301, 302, 303, 307, 308])('is not redirected to a forbidden host with %i', async (status) => {
    dns.set('whole.victim.test', [PRIVATE]);
    for (const location of [target(), target().replace('http', 'https')]) {
      const url = at(`/redirect?${status}&${location}`);
      await expect(renderer.render({ url, load })).rejects.toMatchObject({
        detail: expect.stringMatching(/is not allowed|cannot be opened/),
      });
    }
    expect(victim.connections).toBe(0);
  });
});

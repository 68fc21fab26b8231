/** Ways for a page to reach a host. `$` in a snippet is the start of a URL there, `host:port/name`; it runs as the body of an async function. */
type Ways = Record<string, string>;

const style = (css: string) => `add('style').textContent = ${JSON.stringify(css)}.replaceAll('$', $)`;
const link = (rel: string, more = '') => `add('link', { rel: '${rel}', href: 'http://' + $, ${more} })`;
const svg = (body: string) =>
  `add('div').innerHTML = ${JSON.stringify(`<svg xmlns="http://www.w3.org/2000/svg">${body}</svg>`)}.replaceAll('$', $)`;
const frame = (html: string) => `add('iframe', { srcdoc: ${JSON.stringify(html)}.replaceAll('$', $) })`;
const blob = (script: string) =>
  `URL.createObjectURL(new Blob([${JSON.stringify(script)}.replaceAll('$', $)], { type: 'text/javascript' }))`;

/** Each arrives at a host that is allowed. */
export const WAYS: Ways = {
  fetch: `fetch('http://' + $, { mode: 'no-cors' })`,
  'fetch-keepalive': `fetch('http://' + $, { mode: 'no-cors', keepalive: true, method: 'POST', body: 'x' })`,
  xhr: `const x = new XMLHttpRequest(); x.open('GET', 'http://' + $); x.send()`,
  'fetch-stream-preflight': `fetch('http://' + $, { method: 'PUT', headers: { 'x-a': 'b' } })`,
  beacon: `navigator.sendBeacon('http://' + $, 'x')`,
  img: `add('img', { src: 'http://' + $ })`,
  srcset: `add('img', { srcset: 'http://' + $ + ' 1x' })`,
  video: `add('video', { src: 'http://' + $, preload: 'auto' })`,
  poster: `add('video', { poster: 'http://' + $ })`,
  track: `const v = add('video', { crossorigin: '' }); const t = document.createElement('track'); t.src = 'http://' + $; t.default = true; v.append(t); t.track.mode = 'showing'`,
  script: `add('script', { src: 'http://' + $ })`,
  module: `add('script', { type: 'module', src: 'http://' + $ })`,
  import: `import('http://' + $)`,
  stylesheet: link('stylesheet'),
  'css-import': style('@import "http://$";'),
  'css-background': style('#way { background: url(http://$) }'),
  'css-cursor-content': style('#way::before { content: url(http://$) }'),
  'css-mask': style('#way { mask-image: url(http://$#m) }'),
  'font-face': style('@font-face { font-family: F; src: url(http://$) } #way { font-family: F }'),
  'fontface-api': `new FontFace('G', 'url(http://' + $ + ')').load()`,
  'svg-image': svg('<image href="http://$" width="9" height="9"/>'),
  'svg-filter-image': svg(
    '<filter id="f"><feImage href="http://$"/></filter><rect width="9" height="9" filter="url(#f)"/>',
  ),
  iframe: `add('iframe', { src: 'http://' + $ })`,
  'iframe-of-srcdoc': frame('<iframe src="http://$"></iframe>'),
  object: `add('object', { data: 'http://' + $ })`,
  embed: `add('embed', { src: 'http://' + $ })`,
  preload: link('preload', `as: 'image'`),
  modulepreload: link('modulepreload'),
  manifest: `fetch(new Request('http://' + $, { mode: 'no-cors', cache: 'reload' }))`,
  form: frame(
    '<form action="http://$" method="post"><input name="a" value="b"></form><script>document.forms[0].submit()</script>',
  ),
  'form-target': `const f = add('form', { action: 'http://' + $, target: 'ff' }); add('iframe', { name: 'ff' }); f.submit()`,
  'meta-refresh': frame('<meta http-equiv="refresh" content="0;url=http://$">'),
  'frame-location': frame('<script>location = "http://$"</script>'),
  'frame-reload-base': frame('<base href="http://$"><img src="?base">'),
  'event-source': `new EventSource('http://' + $)`,
  websocket: `new WebSocket('ws://' + $)`,
  worker: `new Worker(${blob('fetch("http://$", { mode: "no-cors" })')})`,
  'worker-websocket': `new Worker(${blob('new WebSocket("ws://$")')})`,
  'worker-import': `new Worker(${blob('importScripts("http://$")')})`,
  'worker-nested': `new Worker(${blob('new Worker(URL.createObjectURL(new Blob(["fetch(\\"http://$\\", { mode: \\"no-cors\\" })"])))')})`,
  'shared-worker': `new SharedWorker(${blob('fetch("http://$", { mode: "no-cors" })')})`,
  'shared-worker-websocket': `new SharedWorker(${blob('new WebSocket("ws://$")')})`,
  'service-worker': `navigator.serviceWorker.register('/service-worker.js?to=' + $)`,
  'redirect-301': `fetch('/redirect?301&http://' + $, { mode: 'no-cors' })`,
  'redirect-302': `add('img', { src: '/redirect?302&http://' + $ })`,
  'redirect-303': `add('iframe', { src: '/redirect?303&http://' + $ })`,
  'redirect-307': `fetch('/redirect?307&http://' + $, { mode: 'no-cors', method: 'POST', body: 'x' })`,
  'redirect-308': `add('script', { src: '/redirect?308&http://' + $ })`,
  'redirect-in-worker': `new Worker(${blob('fetch(ORIGIN + "/redirect?302&http://$", { mode: "no-cors" })')})`,
};

/** Each asks the proxy, but tells a host of plain HTTP nothing that it could note: TLS, or a mere connection. */
export const HALF_WAYS: Ways = {
  https: `fetch('https://' + $, { mode: 'no-cors' })`,
  'https-img': `add('img', { src: 'https://' + $ })`,
  wss: `new WebSocket('wss://' + $)`,
  'worker-wss': `new Worker(${blob('new WebSocket("wss://$")')})`,
  'redirect-to-https': `fetch('/redirect?302&https://' + $, { mode: 'no-cors' })`,
};

/** Not all of them arrive even where they may, or not at once: the browser may do without. */
export const UNSURE_WAYS: Ways = {
  preconnect: link('preconnect'),
  'dns-prefetch': link('dns-prefetch'),
  prefetch: link('prefetch'),
  prerender: link('prerender'),
  'svg-use': svg('<use href="http://$#a"/>'),
  popup: `open('http://' + $)`,
  'popup-by-link': `add('a', { href: 'http://' + $, target: '_blank' }).click()`,
  'ping-of-link': `add('a', { href: 'javascript:0', ping: 'http://' + $ }).click()`,
  speculation: `add('script', { type: 'speculationrules' }).textContent = JSON.stringify({ prefetch: [{ source: 'list', urls: ['http://' + $] }] })`,
  webtransport: `new WebTransport('https://' + $)`,
};

/** Goes to a port of UDP and to the same one of TCP, as WebRTC does to find its own address. */
export const webRtc = (address: string): Ways => ({
  webrtc: `const servers = ['stun:${address}', 'turn:${address}?transport=udp', 'turn:${address}?transport=tcp', 'turns:${address}?transport=tcp'];
    const peer = new RTCPeerConnection({ iceServers: servers.map((urls) => ({ urls, username: 'u', credential: 'c' })) });
    peer.createDataChannel('d'); await peer.setLocalDescription(await peer.createOffer())`,
});

/** A page that tries all ways to `<name>.<domain>`. Then `window.done`, once its host says under `/seen` that it has seen enough. */
export function pageOfWays(ways: Ways, domain: string, port: number): string {
  const steps = Object.entries(ways).map(
    ([name, snippet]) =>
      `attempt(${JSON.stringify(`${name}.${domain}:${port}/${name}`)}, async ($) => { ${snippet.replaceAll('ORIGIN', 'location.origin').replaceAll('</', '<\\/')} });`,
  );
  return `<!doctype html><p>page of ways</p><div id="way">way</div><script>
    function add(tag, attributes = {}) {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      return document.body.appendChild(element);
    }
    function attempt(to, run) { run(to).catch(() => {}); }
    onload = async () => {
      ${steps.join('\n')}
      while (!(await (await fetch('/seen', { cache: 'no-store' })).json())) await new Promise((go) => setTimeout(go, 100));
      window.done = true;
    };
  </script>`;
}

/** Spellings of addresses that no page may reach; `PORT` is that of the victim on 127.0.0.1. */
export const SPELLINGS = [
  'http://127.0.0.1:PORT',
  'http://127.0.0.1.:PORT',
  'http://127.1:PORT',
  'http://127.0.1:PORT',
  'http://2130706433:PORT',
  'http://0x7f000001:PORT',
  'http://0x7f.1:PORT',
  'http://017700000001:PORT',
  'http://0177.0.0.1:PORT',
  'http://0177.0x0.1:PORT',
  'http://１２７.０.０.１:PORT',
  'http://127。0。0。1:PORT',
  'http://①②⑦.⓪.⓪.①:PORT',
  'http://%31%32%37.0.0.1:PORT',
  'http://127.0.0.3:PORT',
  'http://0.0.0.0:PORT',
  'http://0:PORT',
  'http://[::]:PORT',
  'http://[::1]:PORT',
  'http://[::ffff:127.0.0.1]:PORT',
  'http://[::ffff:7f00:1]:PORT',
  'http://[::127.0.0.1]:PORT',
  'http://[64:ff9b::127.0.0.1]:PORT',
  'http://[2002:7f00:1::]:PORT',
  'http://localhost:PORT',
  'http://LOCALHOST.:PORT',
  'http://inside.localhost:PORT',
  'http://127.0.0.1.nip.test:PORT',
  'http://ⅰnside.test:PORT',
  'http://mixed.test:PORT',
  'http://six.test:PORT',
  'http://169.254.169.254',
  'http://2852039166',
  'http://0xa9fea9fe',
  'http://[::ffff:169.254.169.254]',
  'http://metadata.google.internal',
  'http://10.0.0.1',
  'http://192.168.0.1',
  'http://172.16.0.1',
  'http://100.64.0.1',
];

/** A page that goes to each URL in three ways, and says `window.done` when all have ended. */
export function pageOfUrls(urls: string[]): string {
  return `<!doctype html><p>page of urls</p><script>
    const ended = (target, ...events) => new Promise((go) => events.forEach((event) => target.addEventListener(event, go)));
    onload = async () => {
      await Promise.allSettled(${JSON.stringify(urls)}.flatMap((url) => [
        fetch(url, { mode: 'no-cors' }),
        ended(Object.assign(new Image(), { src: url }), 'load', 'error'),
        (async () => ended(new WebSocket(url.replace(/^http/, 'ws')), 'close'))(),
      ]));
      window.done = true;
    };
  </script>`;
}

import { crc32, deflateSync } from 'node:zlib';

/** A page that does harm. */
export interface HostilePage {
  html: string;
  javascript?: boolean;
  /** What its refusal says; or a document is made of it; or either, as the machine is fast or slow. */
  ends: RegExp | 'made' | 'either';
}

const NOT_READY = /not ready within|more than \d+ MB/;
const script = (body: string) => `<p>page</p><script>${body}</script>`;

/** A PNG that declares a size which nobody has memory for, and holds a few bytes. */
function declaredPng(width: number, height: number): string {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const png = [
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1_000_000))),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return `data:image/png;base64,${Buffer.concat(png).toString('base64')}`;
}

const GRADIENTS = Array.from(
  { length: 400 },
  (_, i) =>
    `radial-gradient(circle at ${i % 97}% ${i % 89}%, #${(i * 4099).toString(16).padStart(6, '0').slice(-6)}80, transparent)`,
);

/** Pages without a host of their own. */
export const HOSTILE_PAGES: Record<string, HostilePage> = {
  'an endless loop': { html: script('for (;;);'), javascript: true, ends: NOT_READY },
  'an endless loop of promises': {
    html: script('const f = () => Promise.resolve().then(f); f()'),
    javascript: true,
    ends: NOT_READY,
  },
  'an endless loop at print': {
    html: script('onbeforeprint = () => { for (;;); }'),
    javascript: true,
    ends: NOT_READY,
  },
  'an endless loop after print': { html: script('onafterprint = () => { for (;;); }'), javascript: true, ends: 'made' },
  'a regular expression that never ends': {
    html: script('/(a+)+$/.test("a".repeat(60) + "b")'),
    javascript: true,
    ends: NOT_READY,
  },
  'dialogs without end': {
    html: script('for (;;) { alert("a".repeat(1e5)); confirm(); prompt() }'),
    javascript: true,
    ends: /dialogs/,
  },
  'dialogs whenever it is left or printed': {
    html: script(
      'onbeforeprint = onafterprint = () => { alert(1); print() }; onbeforeunload = () => "no"; setInterval(() => location.reload(), 1)',
    ),
    javascript: true,
    ends: 'either',
  },
  'a DOM that grows without end': {
    html: script(
      'for (;;) { const d = document.createElement("div"); d.textContent = "x".repeat(1e4) + Math.random(); document.body.append(d) }',
    ),
    javascript: true,
    ends: NOT_READY,
  },
  'a memory bomb': {
    html: script(
      'const kept = []; setInterval(() => { for (let i = 0; i < 20; i++) kept.push(new Uint8Array(1e7).fill(1)) }, 1); for (;;) kept.push(new Uint8Array(1e7).fill(1))',
    ),
    javascript: true,
    ends: NOT_READY,
  },
  'a bomb of WebAssembly memory': {
    html: script(
      'const m = new WebAssembly.Memory({ initial: 1, maximum: 65536 }); for (;;) { try { m.grow(1000) } catch {} new Uint8Array(m.buffer).fill(1) }',
    ),
    javascript: true,
    ends: NOT_READY,
  },
  'a bomb of strings': {
    html: script(
      'let s = "x".repeat(2 ** 28); const kept = []; for (let i = 0; ; i++) kept.push((s + i).split("").length)',
    ),
    javascript: true,
    ends: NOT_READY,
  },
  'workers without end': {
    html: script(
      'const u = URL.createObjectURL(new Blob(["for (;;);"])); setInterval(() => { for (let i = 0; i < 20; i++) new Worker(u) }, 1)',
    ),
    javascript: true,
    ends: NOT_READY,
  },
  'workers that make workers': {
    html: script(
      'const s = "const u = URL.createObjectURL(new Blob([self.s = atob(name)])); for (;;) new Worker(u, { name })"; new Worker(URL.createObjectURL(new Blob([s])), { name: btoa(s) }); for (;;);',
    ),
    javascript: true,
    ends: NOT_READY,
  },
  'windows without end': {
    html: script('for (;;) open("about:blank", Math.random())'),
    javascript: true,
    // The browser may hear of none while the script runs.
    ends: new RegExp(`dialogs, windows|${NOT_READY.source}`),
  },
  'a history without end': {
    html: script('for (let i = 0; ; i++) try { history.pushState("x".repeat(1e4), "", "?" + i) } catch {}'),
    javascript: true,
    ends: NOT_READY,
  },
  'reloads without end': { html: script('location.reload()'), javascript: true, ends: 'either' },
  'going to itself without end': {
    html: script(
      'setInterval(() => { location.hash = Math.random(); location = location.pathname + "?" + Math.random() }, 0)',
    ),
    javascript: true,
    ends: 'either',
  },
  'an animation without end': {
    html: script(
      'const f = () => { document.body.style.opacity = Math.random(); requestAnimationFrame(f) }; f()',
    ).concat('<style>@keyframes k { to { transform: rotate(1turn) } } p { animation: k 1ms infinite }</style>'),
    javascript: true,
    ends: 'made',
  },
  'a mutation for each mutation': {
    html: script(
      'new MutationObserver(() => document.body.append("x")).observe(document.body, { childList: true }); document.body.append("x")',
    ),
    javascript: true,
    ends: NOT_READY,
  },
  'frames in frames': {
    html: script(
      'const f = (d) => { for (;;) d.body.append(Object.assign(d.createElement("iframe"), { srcdoc: "x" })) }; f(document)',
    ),
    javascript: true,
    ends: NOT_READY,
  },
  'elements 100,000 deep': { html: `<p>page${'<div>'.repeat(100_000)}deep`, ends: NOT_READY },
  'elements 100,000 deep by a script': {
    html: script(
      'let e = document.body; for (let i = 0; i < 1e5; i++) e = e.appendChild(document.createElement("div")); e.textContent = "deep"',
    ),
    javascript: true,
    ends: /crashed in two browsers|not ready/,
  },
  'a huge table': { html: `<table>${`<tr>${'<td>1</td>'.repeat(40)}</tr>`.repeat(20_000)}</table>`, ends: NOT_READY },
  'table columns without end': {
    html: '<table><tr><td colspan="1000" rowspan="65534">x</td>'.repeat(300),
    ends: 'made',
  },
  '10,000 resources': {
    html: Array.from({ length: 10_000 }, (_, i) => `<img src="${i}.png">`).join(''),
    ends: /more than 5000 requests|not ready/,
  },
  '100,000 resources of other hosts': {
    html: Array.from({ length: 100_000 }, (_, i) => `<img src="http://h${i}.test/">`).join(''),
    ends: /more than 5000 requests|not ready/,
  },
  'a bomb of styles': {
    html: `<style>div { filter: blur(5000px) drop-shadow(0 0 900px red); box-shadow: 0 0 5000px 5000px; background: ${GRADIENTS.join(',')}; width: 9000px; height: 9000px }</style>${'<div>x'.repeat(200)}`,
    ends: NOT_READY,
  },
  'variables that double': {
    html: `<style>:root { --a0: xxxxxxxxxx; ${Array.from({ length: 40 }, (_, i) => `--a${i + 1}: var(--a${i}) var(--a${i});`).join(' ')} } p::after { content: var(--a40) }</style><p>page`,
    ends: 'made',
  },
  'SVG uses that double': {
    html: `<svg><defs><g id="a0"><circle r="1"/></g>${Array.from({ length: 30 }, (_, i) => `<g id="a${i + 1}"><use href="#a${i}"/><use href="#a${i}"/></g>`).join('')}</defs><use href="#a30"/></svg>`,
    ends: NOT_READY,
  },
  'XML entities that double': {
    html: `<p>page<iframe src='data:application/xhtml+xml,${encodeURIComponent(`<!DOCTYPE x [<!ENTITY a0 "xxxxxxxxxx">${Array.from({ length: 30 }, (_, i) => `<!ENTITY a${i + 1} "&a${i};&a${i};">`).join('')}]><html xmlns="http://www.w3.org/1999/xhtml"><body>&a30;</body></html>`)}'></iframe>`,
    ends: 'either',
  },
  'a picture of 30,000 by 30,000': { html: `<p>page<img src="${declaredPng(30_000, 30_000)}">`, ends: 'made' },
  'a canvas of 30,000 by 30,000': {
    html: script(
      'for (let i = 0; i < 50; i++) { const c = document.body.appendChild(document.createElement("canvas")); c.width = c.height = 30000; c.getContext("2d")?.fillRect(0, 0, 30000, 30000) }',
    ),
    javascript: true,
    ends: NOT_READY,
  },
  '10,000 pages': { html: '<p style="break-after: page">page</p>'.repeat(10_000), ends: 'either' },
  'a page 10,000 km long': { html: '<div style="height: 33000000px; width: 33000000px">x</div>', ends: 'either' },
  'a console without end': {
    html: script('const t = "x".repeat(1e6); for (let i = 0; ; i++) console.error(t + i)'),
    javascript: true,
    ends: /console/,
  },
  'errors without end': {
    html: script(
      'const t = "x".repeat(1e6); setInterval(() => { for (let i = 0; i < 100; i++) queueMicrotask(() => { throw new Error(t + Math.random()) }) }, 0)',
    ),
    javascript: true,
    ends: /console/,
  },
  'addresses of a megabyte': {
    html: script(
      'const t = "x".repeat(1e6); setInterval(() => { for (let i = 0; i < 50; i++) new Image().src = "/" + i + t }, 0)',
    ),
    javascript: true,
    ends: 'either',
  },
};

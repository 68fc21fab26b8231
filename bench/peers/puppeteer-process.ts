// node puppeteer-process.ts <mode> <folder>: a PDF server as one writes it with puppeteer. GET /<document> answers the PDF of
// <folder>/<document>.html, printed with the options in <folder>/<document>.json. The modes:
//   context  a browser context and a page for each request, six at once: what Gotenberg does
//   wiped    pages that are used again, emptied and wiped after each request
//   bare     pages that are used again as they are: the limit, and no isolation at all
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type CDPSession, type Page, type PDFOptions } from 'puppeteer-core';

const CONTEXTS = 6;
const PAGES = 2 * availableParallelism();

const [mode, folder] = process.argv.slice(2) as [string, string];
const shell = process.env.CHROMIUM_BIN?.includes('headless') ?? false;
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM_BIN,
  headless: shell ? 'shell' : true,
  pipe: true,
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
});

interface Document {
  html: string;
  options: PDFOptions;
}

async function print(page: Page, { html, options }: Document): Promise<Uint8Array> {
  await page.setContent(html, { waitUntil: 'load' });
  return page.pdf({ printBackground: true, waitForFonts: true, ...options });
}

async function inContext(document: Document): Promise<Uint8Array> {
  const context = await browser.createBrowserContext();
  try {
    return await print(await context.newPage(), document);
  } finally {
    await context.close();
  }
}

const idle: { page: Page; session: CDPSession }[] = [];
async function inPage(document: Document): Promise<Uint8Array> {
  const own = idle.pop()!;
  try {
    const pdf = await print(own.page, document);
    if (mode === 'wiped') await wipe(own.page, own.session);
    return pdf;
  } finally {
    idle.push(own);
  }
}

async function wipe(page: Page, session: CDPSession): Promise<void> {
  await page.goto('about:blank');
  await Promise.all([
    session.send('Network.clearBrowserCookies'),
    session.send('Network.clearBrowserCache'),
    session.send('Storage.clearDataForOrigin', { origin: '*', storageTypes: 'all' }),
    session.send('Page.resetNavigationHistory'),
  ]);
}

const most = mode === 'context' ? CONTEXTS : PAGES;
if (mode !== 'context') {
  const context = await browser.createBrowserContext();
  for (let n = 0; n < PAGES; n += 1) {
    const page = await context.newPage();
    idle.push({ page, session: await page.createCDPSession() });
  }
}

let running = 0;
const waiting: (() => void)[] = [];
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

const documents = new Map<string, Document>();
const server = createServer(async ({ url = '' }, response) => {
  const name = url.slice(1);
  const read = (extension: string) => readFileSync(join(folder, name + extension), 'utf8');
  if (!documents.has(name)) documents.set(name, { html: read('.html'), options: JSON.parse(read('.json')) });
  const document = documents.get(name)!;
  try {
    const pdf = await inTurn(() => (mode === 'context' ? inContext(document) : inPage(document)));
    response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': pdf.length }).end(pdf);
  } catch (error) {
    const text = String(error);
    response.writeHead(500, { 'content-length': Buffer.byteLength(text) }).end(text);
  }
});
process.on('SIGTERM', () => void browser.close().finally(() => process.exit(0)));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  degrees,
  PDFArray,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  PDFNumber,
  type PDFRef,
  PDFString,
  StandardFonts,
} from '@cantoo/pdf-lib';
import { PDFiumLibrary } from '@hyzyla/pdfium';
import type { CommandDefinition } from '@tandem/contracts/command';
import { objectKey, type StoredObject } from '@tandem/contracts/object';
import type { CommandHandler, JobContext } from '@tandem/messaging/handler';
import { loadConfig } from '@tandem/runtime/config';
import { FilesystemStore } from '@tandem/storage/filesystem-store';
import type { ObjectStore } from '@tandem/storage/object-store';
import { type HandlerRun, runHandler } from '@tandem/testing/run-handler';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import type { z } from 'zod';
import { DocumentsConfig } from './config.js';
import { PageWorkshop } from './pdf/page-workshop.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';

/** What is on the pages of a PDF for tests beside `<name> page <n>`. */
export interface PdfContent {
  /** From page (1) to another page, a name of `names`, or an address. */
  links?: [from: number, to: number | string][];
  /** Places by name. */
  names?: Record<string, number>;
  outline?: [title: string, page: number][];
  form?: Record<string, string>;
  /** JavaScript that runs at the opening, at a link of the first page and by name, and a program that is started. */
  scripts?: boolean;
  rotate?: 0 | 90 | 180 | 270;
  /** Texts of attached files by name. */
  attachments?: Record<string, string>;
  /** Bytes of a picture that does not compress, on every page. */
  noise?: Uint8Array;
}

/** A PDF of some small pages, made by another library than those under test. */
export async function makePdf(name: string, pages: number, content: PdfContent = {}): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  const drawn = Array.from({ length: pages }, (_, index) => {
    const page = pdf.addPage([300, 200]);
    page.drawText(`${name} page ${index + 1}`, { x: 30, y: 100, font, size: 20 });
    page.setRotation(degrees(content.rotate ?? 0));
    return page;
  });
  const refs = drawn.map(({ ref }) => ref);
  const { context, catalog } = pdf;
  const addLink = (from: number, target: object) => {
    const link = context.obj({ Type: 'Annot', Subtype: 'Link', Rect: [10, 10, 90, 30], ...target });
    drawn[from - 1]!.node.addAnnot(context.register(link));
  };
  for (const [from, to] of content.links ?? []) addLink(from, target(to, refs));
  if (content.scripts) {
    const script = { S: 'JavaScript', JS: PDFString.of('app.alert(1)') };
    addLink(1, { A: script });
    addLink(1, { A: { S: 'Launch', F: PDFString.of('calc.exe') } });
    catalog.set(PDFName.of('OpenAction'), context.obj(script));
  }
  const dests = Object.entries(content.names ?? {}).flatMap(([key, page]) => [
    PDFString.of(key),
    context.obj([refs[page - 1]!, PDFName.of('Fit')]),
  ]);
  const scripts = content.scripts
    ? { JavaScript: { Names: [PDFString.of('a'), { S: 'JavaScript', JS: PDFString.of('app.alert(2)') }] } }
    : {};
  catalog.set(PDFName.of('Names'), context.obj({ Dests: { Names: dests }, ...scripts }));
  if (content.outline) addOutline(pdf, content.outline, refs);
  for (const [field, value] of Object.entries(content.form ?? {})) {
    const text = pdf.getForm().createTextField(field);
    text.setText(value);
    text.addToPage(drawn[0]!, { x: 100, y: 20, width: 150, height: 20 });
  }
  for (const [file, text] of Object.entries(content.attachments ?? {}))
    await pdf.attach(Buffer.from(text), file, { description: `about ${file}`, mimeType: 'text/csv' });
  return Buffer.from(await pdf.save());
}

function target(to: number | string, refs: PDFRef[]): object {
  if (typeof to === 'number') return { Dest: [refs[to - 1]!, PDFName.of('XYZ'), 1, 2, null] };
  if (to.startsWith('https:')) return { A: { S: 'URI', URI: PDFString.of(to) } };
  return { A: { S: 'GoTo', D: PDFString.of(to) } };
}

function addOutline({ context, catalog }: PDFDocument, items: [string, number][], refs: PDFRef[]): void {
  const root = context.nextRef();
  const keys = items.map(() => context.nextRef());
  items.forEach(([title, page], index) => {
    const item = { Title: PDFHexString.fromText(title), Parent: root, Dest: [refs[page - 1]!, PDFName.of('Fit')] };
    const near = {
      ...(index > 0 ? { Prev: keys[index - 1] } : {}),
      ...(keys[index + 1] ? { Next: keys[index + 1] } : {}),
    };
    context.assign(keys[index]!, context.obj({ ...item, ...near } as never));
  });
  context.assign(root, context.obj({ Type: 'Outlines', First: keys[0]!, Last: keys.at(-1)!, Count: items.length }));
  catalog.set(PDFName.of('Outlines'), root);
}

let pdfium: Promise<PDFiumLibrary> | undefined;

/** What PDFium, a third library, sees on the pages: their texts, and sizes as they are shown. */
export async function readPages(bytes: Uint8Array, password?: string): Promise<{ text: string; size: string }[]> {
  pdfium ??= PDFiumLibrary.init();
  const document = await (await pdfium).loadDocument(bytes, password);
  const pages = [...document.pages()].map((page) => {
    const { originalWidth, originalHeight } = page.getOriginalSize();
    return { text: page.getText().trim(), size: `${Math.round(originalWidth)}x${Math.round(originalHeight)}` };
  });
  document.destroy();
  return pages;
}

export const textsOf = async (bytes: Uint8Array, password?: string) =>
  (await readPages(bytes, password)).map(({ text }) => text);

/** Where the links of each page lead: the number of a page, or an address. */
export async function linksOf(bytes: Uint8Array): Promise<(number | string)[][]> {
  const pdf = await PDFDocument.load(bytes);
  return pdf.getPages().map(({ node }) =>
    dictionaries(node.Annots())
      .filter((annotation) => annotation.lookup(PDFName.of('Subtype')) === PDFName.of('Link'))
      .map((link) => {
        const action = link.lookupMaybe(PDFName.of('A'), PDFDict);
        return action ? String(action.lookup(PDFName.of('URI'))) : pageOf(pdf, link);
      }),
  );
}

/** Bookmarks: title, page, and those below. */
export type Mark = [title: string, page: number, ...below: Mark[]];

export async function outlineOf(bytes: Uint8Array): Promise<Mark[]> {
  const pdf = await PDFDocument.load(bytes);
  const below = (parent: PDFDict | undefined): Mark[] => {
    const marks: Mark[] = [];
    for (let item = parent?.lookupMaybe(PDFName.of('First'), PDFDict); item; ) {
      const title = item.lookup(PDFName.of('Title')) as PDFHexString | PDFString;
      marks.push([title.decodeText(), pageOf(pdf, item), ...below(item)]);
      item = item.lookupMaybe(PDFName.of('Next'), PDFDict);
    }
    return marks;
  };
  return below(pdf.catalog.lookupMaybe(PDFName.of('Outlines'), PDFDict));
}

/** Texts of attached files by name, in the order of the document, and what it says of them. */
export async function attachmentsOf(bytes: Uint8Array): Promise<Record<string, { text: string; about?: string }>> {
  const document = await getDocument({ data: new Uint8Array(bytes) }).promise;
  const described = [...((await document.getAttachments()) ?? [])].map(async ([id, { filename, description }]) => {
    const content = (await document.getAttachmentContent(id)) ?? [];
    return [filename, { text: Buffer.from(content).toString(), about: description }] as const;
  });
  return Object.fromEntries(await Promise.all(described));
}

function pageOf(pdf: PDFDocument, from: PDFDict): number {
  const dest = from.lookupMaybe(PDFName.of('Dest'), PDFArray);
  return dest ? pdf.getPages().findIndex(({ ref }) => ref === dest.get(0)) + 1 : 0;
}

function dictionaries(array: PDFArray | undefined): PDFDict[] {
  return Array.from({ length: array?.size() ?? 0 }, (_, index) => array!.lookup(index, PDFDict));
}

/** The angle of each page. */
export async function anglesOf(bytes: Uint8Array): Promise<number[]> {
  const pdf = await PDFDocument.load(bytes);
  return pdf.getPages().map((page) => page.node.lookupMaybe(PDFName.of('Rotate'), PDFNumber)?.asNumber() ?? 0);
}

type Handler<C extends CommandDefinition> = new (workshop: PdfWorkshop, pages: PageWorkshop) => CommandHandler<C>;

/** Runs handlers on files, as a worker would. */
export class PdfBench {
  private constructor(
    private readonly dir: string,
    private readonly store: ObjectStore,
    readonly workshop: PdfWorkshop,
    readonly pages: PageWorkshop,
  ) {}

  static async open(env: Record<string, string> = {}): Promise<PdfBench> {
    const dir = await mkdtemp(join(tmpdir(), 'tandem-pdf-test-'));
    const store = await FilesystemStore.open(dir);
    const config = loadConfig(DocumentsConfig, { NATS_URL: 'nats://unused', QPDF_BIN: process.env.QPDF_BIN, ...env });
    return new PdfBench(dir, store, new PdfWorkshop(store, config), new PageWorkshop(store, config));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    this.workshop.onApplicationShutdown();
    this.pages.onApplicationShutdown();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** `data` names files by their number: `{ object: '0' }` becomes the id of the first. */
  async run<C extends CommandDefinition>(
    command: C,
    handler: Handler<C>,
    files: Uint8Array[],
    data: object,
    job: Partial<JobContext> = {},
  ): Promise<HandlerRun<C>> {
    const stored = await Promise.all(files.map((bytes, index) => this.#keep(bytes, index)));
    const named = JSON.stringify(data).replace(
      /"object":"(\d)"/g,
      (_, index) => `"object":"${stored[Number(index)]!.id}"`,
    );
    const objects = Object.fromEntries(stored.map((object) => [object.id, object]));
    const input = JSON.parse(named) as z.input<C['input']>;
    return runHandler(command, new handler(this.workshop, this.pages), {
      data: input,
      job: { tenant: 'acme', objects, ...job },
    });
  }

  async read({ key }: StoredObject): Promise<Buffer> {
    return buffer(await this.store.read(key));
  }

  async #keep(bytes: Uint8Array, index: number): Promise<StoredObject> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const id = `0193b3f0-0000-7000-8000-00000000000${index}`;
    const object = { id, key: objectKey('acme', sha256), size: bytes.length, type: 'application/pdf', sha256 };
    await this.store.write(object.key, bytes);
    return object;
  }
}

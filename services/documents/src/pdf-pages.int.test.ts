import { PDFDocument } from '@cantoo/pdf-lib';
import { catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition } from '@tandem/contracts/command';
import { ChangePdfBookmarks } from '@tandem/contracts/pdf-bookmarks';
import {
  AttachToPdf,
  ChangePdfMetadata,
  ExtractPdfText,
  StampPdf,
  ThumbnailPdf,
  WatermarkPdf,
} from '@tandem/contracts/pdf-pages';
import { loadConfig } from '@tandem/runtime/config';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { DocumentsConfig } from './config.js';
import { pageText } from './pdf/page-text.js';
import { allOf, pdfOf } from './pdf/pages.fixture.js';
import { startDocuments } from './start-documents.js';

let tandem: TestTandem;
let source: { object: string };

beforeAll(async () => {
  tandem = await startTandem({
    catalog,
    services: { documents: (env, ...rest) => startDocuments(loadConfig(DocumentsConfig, env), ...rest) },
  });
  source = { object: await upload(await pdfOf({ text: 'one' }, { text: 'two', rotate: 90 }, { text: 'three' })) };
});

const upload = (bytes: Uint8Array) => tandem.upload(new Uint8Array(bytes));

/** As `tandem.run`, with the time that a process needs to start where many tests run. */
async function run<C extends CommandDefinition>(command: C, input: z.input<C['input']>) {
  const { id } = await tandem.submit(command, input);
  return tandem.finished<C>(id, { timeoutMs: 90_000 });
}

async function textOf(id: string): Promise<string[]> {
  return (await allOf(pageText(await tandem.download(id)))).map(({ text }) => text);
}

test('documents.stamp numbers pages', async () => {
  const { result } = await run(StampPdf, { source, stamps: [{ text: '{page} of {pages}' }], pages: '2-' });
  expect(result).toMatchObject({ document: { type: 'application/pdf', pages: 3 }, warnings: [] });
  expect(await textOf(result!.document.id)).toEqual(['one', 'two\n2 of 3', expect.stringContaining('3 of 3')]);
});

test('documents.stamp writes the day of the job when no date is given', async () => {
  const { result } = await run(StampPdf, {
    source,
    stamps: [{ text: 'le {date}' }],
    locale: 'fr-FR',
    pages: '1',
  });
  const [first] = await textOf(result!.document.id);
  expect(first).toMatch(new RegExp(`le \\d{1,2} \\p{L}+ ${new Date().getUTCFullYear()}`, 'u'));
});

test('documents.watermark takes an image and a PDF by their ids', async () => {
  const picture = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const image = { object: await upload(picture) };
  const first = await run(WatermarkPdf, { source, watermark: { image, tile: true } });
  const pdf = { object: await upload(await pdfOf({ text: 'letter paper' })) };
  const second = await run(WatermarkPdf, {
    source: { object: first.result!.document.id },
    watermark: { pdf, layer: 'under' },
  });
  expect(await textOf(second.result!.document.id)).toEqual(Array(3).fill(expect.stringContaining('letter paper')));
});

test('documents.metadata reads, and writes', async () => {
  const read = await run(ChangePdfMetadata, { source });
  expect(read.result).toMatchObject({ metadata: { pages: 3, pageSize: { width: 300, height: 200 } } });
  expect(read.result).not.toHaveProperty('document');
  const { result } = await run(ChangePdfMetadata, { source, changes: { title: 'Devis' } });
  const pdf = await PDFDocument.load(await tandem.download(result!.document!.id), { updateMetadata: false });
  expect(pdf.getTitle()).toBe('Devis');
});

test('documents.bookmarks reads, and writes', async () => {
  const bookmarks = [{ title: 'Début', page: 1, children: [{ title: 'Suite', page: 3 }] }];
  const { result } = await run(ChangePdfBookmarks, { source, bookmarks });
  expect(result).toMatchObject({ bookmarks, document: { pages: 3 }, warnings: [] });
  const { result: read } = await run(ChangePdfBookmarks, { source: { object: result!.document!.id } });
  expect(read).toEqual({ bookmarks, warnings: [] });
  const { error } = await run(ChangePdfBookmarks, { source, bookmarks: [{ title: 'Annexe', page: 9 }] });
  expect(error).toMatchObject({ code: 'invalid_input', detail: expect.stringContaining('there is no page 9') });
});

test('documents.attach puts objects of any type into a PDF', async () => {
  const object = await upload(Buffer.from('a;b\n1;2\n'));
  const { result } = await run(AttachToPdf, { source, attachments: [{ object, name: 'ventes.csv' }] });
  expect(result!.attachments).toEqual([{ name: 'ventes.csv', size: 8 }]);
  const { result: read } = await run(ChangePdfMetadata, { source: { object: result!.document.id } });
  expect(read!.metadata.attachments).toEqual([{ name: 'ventes.csv', size: 8 }]);
});

test.each(['png', 'jpeg', 'webp', 'avif'] as const)('documents.thumbnail makes %s', async (format) => {
  const { result } = await run(ThumbnailPdf, { source, pages: '2, 1', width: 100, format });
  expect(result).toMatchObject({
    pages: 3,
    images: [
      { page: 2, width: 100, height: 150, type: `image/${format}` },
      { page: 1, width: 100, height: 67 },
    ],
  });
  const image = await sharp(await tandem.download(result!.images[0]!.id)).metadata();
  expect([image.format, image.width, image.height]).toEqual([format === 'avif' ? 'heif' : format, 100, 150]);
});

test('documents.text gives the whole as an object, and each page', async () => {
  const { result } = await run(ExtractPdfText, { source });
  expect(result).toMatchObject({
    pages: [{ page: 1, text: 'one' }, { text: 'two' }, { text: 'three' }],
    characters: 11,
  });
  expect(Buffer.from(await tandem.download(result!.text.id)).toString()).toBe('one\ftwo\fthree');
});

test('a file that is no PDF, a page that is not there and a missing password are told', async () => {
  const noPdf = { object: await upload(Buffer.from('%PDF-1.7\nnot really')) };
  const failed = await run(ExtractPdfText, { source: noPdf });
  expect(failed).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'document_unreadable' } });
  const beyond = await run(ThumbnailPdf, { source, pages: '4' });
  expect(beyond.error).toMatchObject({ code: 'invalid_input', detail: expect.stringContaining('there is no page 4') });
});

test('a protected source opens with its password only, and the result says that it is not protected', async () => {
  const pdf = await PDFDocument.load(await pdfOf({ text: 'secret' }));
  pdf.encrypt({ userPassword: 'été', ownerPassword: 'other' });
  const object = await upload(await pdf.save());
  for (const password of [undefined, 'wrong']) {
    const { error } = await run(StampPdf, { source: { object, password }, stamps: [{ text: 'x' }] });
    expect(error?.code).toBe('password_required');
  }
  const { result } = await run(StampPdf, { source: { object, password: 'été' }, stamps: [{ text: 'stamped' }] });
  expect(result!.warnings).toEqual([expect.stringContaining('documents.protect')]);
  expect(await textOf(result!.document.id)).toEqual(['secret\nstamped']);
});

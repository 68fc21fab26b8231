import { createHash } from 'node:crypto';
import {
  decodePDFRawStream,
  PDFArray,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  PDFRawStream,
} from '@cantoo/pdf-lib';
import { expect, test } from 'vitest';
import { type AttachedFile, attachFiles } from './attach-files.js';
import { embeddedFiles } from './embedded-files.js';
import { pdfOf } from './pages.fixture.js';

const fileOf = (name: string, text = name): AttachedFile => ({
  name,
  data: Buffer.from(text),
  type: 'text/csv',
  description: 'Détail',
  relationship: 'data',
});

test('files are in the document with name, type, description, relationship and checksum', async () => {
  const { data, attachments } = await attachFiles({
    data: await pdfOf({}),
    files: [fileOf('ventes d’été.csv', 'a;b')],
  });
  expect(attachments).toEqual([{ name: 'ventes d’été.csv', size: 3 }]);
  const pdf = await PDFDocument.load(data);
  const spec = pdf.context.lookup(embeddedFiles(pdf)[0]!.spec, PDFDict);
  expect(spec.lookup(PDFName.of('F'), PDFHexString).decodeText()).toBe('ventes d__t_.csv');
  expect(spec.lookup(PDFName.of('Desc'), PDFHexString).decodeText()).toBe('Détail');
  expect(spec.get(PDFName.of('AFRelationship'))).toBe(PDFName.of('Data'));
  const stream = spec.lookup(PDFName.of('EF'), PDFDict).lookup(PDFName.of('F')) as PDFRawStream;
  expect(Buffer.from(decodePDFRawStream(stream).decode()).toString()).toBe('a;b');
  expect(stream.dict.get(PDFName.of('Subtype'))).toBe(PDFName.of('text/csv'));
  const checksum = stream.dict.lookup(PDFName.of('Params'), PDFDict).lookup(PDFName.of('CheckSum'), PDFHexString);
  expect(checksum.asString()).toBe(createHash('md5').update('a;b').digest('hex').toUpperCase());
  expect(pdf.catalog.lookup(PDFName.of('AF'), PDFArray).size()).toBe(1);
});

test('what was there stays, in a tree of names as well, and names are sorted', async () => {
  const pdf = await PDFDocument.load(await pdfOf({}));
  await pdf.attach(Buffer.from('old'), 'm.txt');
  const before = await PDFDocument.load(await pdf.save());
  const names = before.catalog.lookup(PDFName.of('Names'), PDFDict);
  const leaf = names.get(PDFName.of('EmbeddedFiles'))!;
  names.set(
    PDFName.of('EmbeddedFiles'),
    before.context.obj({ Kids: [before.context.register(before.context.lookup(leaf)!)] }),
  );
  const made = await attachFiles({ data: await before.save(), files: [fileOf('z.csv'), fileOf('a.csv')] });
  expect(made.attachments.map(({ name }) => name)).toEqual(['a.csv', 'm.txt', 'z.csv']);
});

test('a name that is taken is refused', async () => {
  const { data } = await attachFiles({ data: await pdfOf({}), files: [fileOf('a.csv')] });
  await expect(attachFiles({ data, files: [fileOf('a.csv')] })).rejects.toMatchObject({ code: 'conflict' });
});

test('the same files give the same bytes', async () => {
  const task = { data: await pdfOf({}), files: [fileOf('a.csv'), fileOf('b.csv')] };
  expect((await attachFiles(task)).data.equals((await attachFiles(task)).data)).toBe(true);
});

import { PDFDict, PDFDocument, PDFHexString, PDFName, PDFRawStream } from '@cantoo/pdf-lib';
import { MetadataChanges } from '@tandem/contracts/pdf-metadata';
import { expect, test } from 'vitest';
import { editMetadata } from './edit-metadata.js';
import { pdfOf } from './pages.fixture.js';

const changesOf = (changes: object) => MetadataChanges.parse(changes);
const read = async (data: Uint8Array) => (await editMetadata({ data })).metadata;

/** What a PDF says in each of the two places. */
async function bothOf(data: Uint8Array) {
  const pdf = await PDFDocument.load(data, { updateMetadata: false });
  const stream = pdf.catalog.lookup(PDFName.of('Metadata')) as PDFRawStream;
  return { info: pdf, xmp: new TextDecoder().decode(stream.contents) };
}

async function described(): Promise<Uint8Array> {
  const pdf = await PDFDocument.load(await pdfOf({ rotate: 90 }));
  pdf.setTitle('Brouillon');
  pdf.setAuthor('Awa Diop');
  pdf.setKeywords(['savon; thé']);
  pdf.setCreationDate(new Date('2026-01-02T03:04:05Z'));
  return pdf.save();
}

test('what a PDF says of itself is read', async () => {
  expect(await read(await described())).toMatchObject({
    title: 'Brouillon',
    author: 'Awa Diop',
    keywords: ['savon', 'thé'],
    created: '2026-01-02T03:04:05Z',
    pages: 1,
    encrypted: false,
    signed: false,
    pageSize: { width: 200, height: 300 },
    attachments: [],
  });
});

test('changes stand in the information dictionary and in XMP alike, and the rest stays', async () => {
  const changes = changesOf({
    title: 'Devis n° 7 — <Téranga> & fils',
    subject: 'سلام',
    keywords: ['devis', 'savon'],
    language: 'fr-SN',
    custom: { Dossier: 'A-12' },
  });
  const made = await editMetadata({ data: await described(), changes });
  const { info, xmp } = await bothOf(made.data!);
  expect([info.getTitle(), info.getAuthor(), info.getSubject(), info.getKeywords()]).toEqual([
    'Devis n° 7 — <Téranga> & fils',
    'Awa Diop',
    'سلام',
    'devis, savon',
  ]);
  expect(xmp).toContain('Devis n° 7 — &lt;Téranga&gt; &amp; fils');
  for (const value of ['Awa Diop', 'سلام', 'devis', 'fr-SN', 'A-12', '2026-01-02T03:04:05Z'])
    expect(xmp).toContain(value);
  const again = await editMetadata({ data: made.data! });
  expect(again.metadata).toEqual(made.metadata);
  expect(again.warnings).toEqual([]);
});

test('what is removed is gone from the file, earlier versions of it too', async () => {
  const data = await described();
  const first = await editMetadata({
    data,
    changes: changesOf({ author: 'Secret Author', custom: { Key: 'Secret Key' } }),
  });
  const made = await editMetadata({ data: first.data!, changes: changesOf({ author: null, custom: { Key: null } }) });
  expect(made.metadata).not.toHaveProperty('author');
  expect(made.metadata.custom).toEqual({});
  const { xmp } = await bothOf(made.data!);
  expect(xmp).not.toContain('Secret');
  const all = (await PDFDocument.load(made.data!)).context
    .enumerateIndirectObjects()
    .map(([, object]) => object.toString());
  expect(all.join('\n')).not.toMatch(/Secret|00530065006300720065/i);
});

test('clear leaves nothing but what is set', async () => {
  const made = await editMetadata({ data: await described(), changes: changesOf({ clear: true, title: 'Neuf' }) });
  const { title, author, producer, created, keywords } = await read(made.data!);
  expect([title, author, producer, created, keywords]).toEqual(['Neuf', undefined, undefined, undefined, undefined]);
});

test('what XMP says beyond that stays, and a claim to conform outlives clear', async () => {
  const pdf = await PDFDocument.load(await pdfOf({}));
  const packet = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="3" pdfaid:conformance="B"/>
    <rdf:Description rdf:about="" xmlns:fx="urn:factur-x" fx:DocumentType="INVOICE" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="Old"/>
    </rdf:RDF></x:xmpmeta>`;
  pdf.catalog.set(
    PDFName.of('Metadata'),
    pdf.context.register(pdf.context.stream(packet, { Type: 'Metadata', Subtype: 'XML' })),
  );
  const data = await pdf.save();
  expect(await read(data)).toMatchObject({ title: 'Old', conformance: 'PDF/A-3B' });
  const set = await bothOf((await editMetadata({ data, changes: changesOf({ title: 'New' }) })).data!);
  expect(set.xmp).toContain('INVOICE');
  expect(set.xmp).not.toContain('Old');
  const cleared = await editMetadata({ data, changes: changesOf({ clear: true }) });
  expect(cleared.metadata).toMatchObject({ conformance: 'PDF/A-3B' });
  expect((await bothOf(cleared.data!)).xmp).not.toContain('INVOICE');
});

test('keys and values that XML cannot hold as they are come back as they were, without control characters', async () => {
  const pdf = await PDFDocument.load(await described());
  const info = pdf.context.lookup(pdf.context.trailerInfo.Info, PDFDict);
  info.set(PDFName.of('1st Key & <x>'), PDFHexString.fromText('a\u0001\nb'));
  const { data } = await editMetadata({ data: await pdf.save(), changes: changesOf({ title: 'Neuf' }) });
  expect((await read(data!)).custom).toEqual({ '1st Key & <x>': 'a b' });
  const again = await PDFDocument.load(data!);
  again.context.trailerInfo.Info = undefined;
  expect((await read(await again.save())).custom).toEqual({ '1st Key & <x>': 'a b' });
});

test('damaged XMP is replaced, and entities in it are never expanded', async () => {
  for (const packet of ['<x:xmpmeta', '\0\xff', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>']) {
    const pdf = await PDFDocument.load(await pdfOf({}));
    pdf.catalog.set(PDFName.of('Metadata'), pdf.context.register(pdf.context.stream(packet)));
    const made = await editMetadata({ data: await pdf.save(), changes: changesOf({ title: 'Neuf' }) });
    expect((await bothOf(made.data!)).xmp).toMatch(/^<\?xpacket.*Neuf.*end="w"\?>$/s);
  }
});

test('the same changes give the same bytes', async () => {
  const task = { data: await described(), changes: changesOf({ title: 'Devis' }) };
  expect((await editMetadata(task)).data!.equals((await editMetadata(task)).data!)).toBe(true);
});

test('a signature that will not hold is told', async () => {
  const pdf = await PDFDocument.load(await pdfOf({}));
  pdf.catalog.set(PDFName.of('AcroForm'), pdf.context.obj({ SigFlags: 3, Fields: [] }));
  const data = await pdf.save({ updateFieldAppearances: false });
  const { metadata, warnings } = await editMetadata({ data, changes: changesOf({ title: 'x' }) });
  expect(metadata.signed).toBe(true);
  expect(warnings).toEqual([expect.stringContaining('digital signature')]);
});

test.each([
  { title: 'two\nlines' },
  { author: 'Awa\r-config=x' },
  { custom: { 'A\nB': 'x' } },
  { custom: { 'A=B': 'x' } },
  { custom: { Key: 'a\u0000b' } },
  { custom: { Title: 'x' } },
  { custom: { __proto__: null, 'x y': '1' } },
  { keywords: ['a\u2028b'] },
  { title: '\ud800' },
  {},
])('%j is refused before any work', (changes) => {
  expect(MetadataChanges.safeParse(changes).success).toBe(false);
});

import { PDFDict, PDFDocument, PDFHexString, PDFName } from '@cantoo/pdf-lib';
import { veraPdf } from '@tandem/testing/pdf-validators';
import { describe, expect, it, test } from 'vitest';
import { archivePdf } from './archive-pdf.js';
import { editMetadata } from './edit-metadata.js';
import { savedBytes } from './editable-pdf.js';
import { taggedPdf } from './tagged-page.fixture.js';

const now = new Date('2026-11-21T09:00:00Z');
const name = PDFName.of;
const made = async (data: Uint8Array, standards: ('pdfa-2b' | 'pdfua-1')[], metadata = {}) =>
  archivePdf({ data, metadata, now, standards });

/** A PDF/A-2b with a key of its own in the information dictionary, where PDF/A does not look. */
async function archivedWithKey(): Promise<Uint8Array> {
  const { data } = await made(await taggedPdf(), ['pdfa-2b']);
  const pdf = await PDFDocument.load(data, { updateMetadata: false });
  pdf.context.lookup(pdf.context.trailerInfo.Info, PDFDict).set(name('Company'), PDFHexString.fromText('ACME'));
  return savedBytes(pdf);
}

/** A tagged PDF that says its title and its language in XMP alone. */
const describedInXmp = () =>
  taggedPdf({
    title: '',
    language: '',
    change: ({ catalog, context }) => {
      const packet = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Relevé &amp; annexes</rdf:li></rdf:Alt></dc:title>
        <dc:language><rdf:Bag><rdf:li>fr-SN</rdf:li></rdf:Bag></dc:language></rdf:Description></rdf:RDF></x:xmpmeta>`;
      const stream = context.stream(Buffer.from(packet), { Type: 'Metadata', Subtype: 'XML' });
      catalog.set(name('Metadata'), context.register(stream));
    },
  });

describe('a PDF/A with a key of its own', () => {
  it('is still the PDF/A that it claims to be when it becomes PDF/UA, and keeps the key', async () => {
    const source = await archivedWithKey();
    const { data, changes } = await made(source, ['pdfua-1']);
    const files = { 'source.pdf': source, 'made.pdf': data };
    expect(await veraPdf(files, '2b')).toEqual({
      'source.pdf': { flavour: 'PDF/A-2B', faults: [] },
      'made.pdf': { flavour: 'PDF/A-2B', faults: [] },
    });
    expect(changes).toEqual([]);
    const { metadata } = await editMetadata({ data });
    expect(metadata).toMatchObject({ conformance: 'PDF/A-2B, PDF/UA-1', custom: { Company: 'ACME' } });
  }, 200_000);
});

describe('a title and a language that stand in XMP alone', () => {
  test.each([[['pdfua-1'] as const], [['pdfa-2b'] as const], [['pdfa-2b', 'pdfua-1'] as const]])(
    'are those of the %j',
    async (standards) => {
      const { data } = await made(await describedInXmp(), [...standards]);
      const said = { title: 'Relevé & annexes', language: 'fr-SN' };
      expect((await editMetadata({ data })).metadata).toMatchObject(said);
      const pdf = await PDFDocument.load(data, { updateMetadata: false });
      expect(pdf.getTitle()).toBe(said.title);
      expect(pdf.catalog.lookup(name('Lang'), PDFHexString).decodeText()).toBe(said.language);
    },
  );

  it('yield to those of the request', async () => {
    const metadata = { title: 'Other', language: 'wo' };
    const { data } = await made(await describedInXmp(), ['pdfa-2b', 'pdfua-1'], metadata);
    expect((await editMetadata({ data })).metadata).toMatchObject(metadata);
  });
});

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  PDFBool,
  PDFDocument,
  type PDFFont,
  PDFName,
  type PDFPage,
  PDFRawStream,
  PDFString,
  rgb,
  StandardFonts,
} from '@cantoo/pdf-lib';
import { veraPdf } from '@tandem/testing/pdf-validators';
import * as fontkit from 'fontkit';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { archivePdf } from './archive-pdf.js';

const DEJAVU = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
const now = new Date('2026-11-21T09:00:00Z');
const name = PDFName.of;
const archive = (data: Uint8Array) => archivePdf({ data, metadata: {}, now });

/** A PDF as programs of all kinds make them: `draw` puts on its first page what is tested. */
async function foreignPdf(draw: (pdf: PDFDocument, page: PDFPage, font: PDFFont) => void | Promise<void>) {
  const pdf = await PDFDocument.create();
  pdf.registerFontkit(fontkit as never);
  const font = await pdf.embedFont(readFileSync(DEJAVU), { subset: true });
  const page = pdf.addPage([400, 400]);
  page.drawText('Archivé à Dakar', { font, size: 20, x: 30, y: 300 });
  await draw(pdf, page, font);
  return pdf.save();
}

/** Content with operators that pdf-lib has no names for. */
function addContent(pdf: PDFDocument, page: PDFPage, content: string, packed?: Uint8Array) {
  const stream = pdf.context.stream(packed ?? Buffer.from(content), packed ? { Filter: 'LZWDecode' } : {});
  page.node.addContentStream(pdf.context.register(stream));
}

/** LZW in its simplest form: every byte by itself, the table cleared before codes grow. */
function lzw(text: string): Uint8Array {
  const codes = [...Buffer.from(text)].flatMap((byte, index) => (index % 200 === 0 ? [256, byte] : [byte]));
  const bits = [...codes, 257].map((code) => code.toString(2).padStart(9, '0')).join('');
  return Uint8Array.from(bits.match(/.{1,8}/g)!, (byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
}

describe('a PDF of another program', () => {
  it('becomes PDF/A-2b, as veraPDF judges, whatever in it can be mended', async () => {
    const plain = await foreignPdf(() => {});
    const busy = await foreignPdf(async (pdf, page) => {
      const { context, catalog } = pdf;
      pdf.setTitle('Relevé <2026> & annexes');
      pdf.addJavaScript('hello', 'app.alert("hello")');
      catalog.set(name('OpenAction'), context.obj({ S: 'JavaScript', JS: PDFString.of('app.beep()') }));
      catalog.set(name('AA'), context.obj({ WC: { S: 'JavaScript', JS: PDFString.of('app.beep()') } }));
      const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><own:Key xmlns:own="urn:own">1</own:Key></x:xmpmeta>';
      catalog.set(name('Metadata'), context.register(context.stream(xmp, { Type: 'Metadata', Subtype: 'XML' })));
      const launch = {
        Type: 'Annot',
        Subtype: 'Link',
        Rect: [0, 0, 9, 9],
        A: { S: 'Launch', F: PDFString.of('a.exe') },
      };
      const hidden = { Type: 'Annot', Subtype: 'Square', Rect: [0, 0, 9, 9], F: 2 };
      page.node.set(
        name('Annots'),
        context.obj([context.register(context.obj(launch)), context.register(context.obj(hidden))]),
      );
      const pixels = sharp({ create: { width: 4, height: 4, channels: 3, background: '#a40' } });
      const image = await pdf.embedPng(await pixels.png().toBuffer());
      page.drawImage(image, { x: 30, y: 100, width: 80, height: 80, opacity: 0.5 });
      await pdf.flush();
      for (const [, object] of context.enumerateIndirectObjects())
        if (object instanceof PDFRawStream && object.dict.get(name('Subtype')) === name('Image'))
          object.dict.set(name('Interpolate'), PDFBool.True);
      page.drawRectangle({ x: 200, y: 100, width: 50, height: 50, color: rgb(0, 0.4, 0.2) });
      addContent(pdf, page, '', lzw('q 0.9 0.9 0.2 rg 300 100 40 40 re f Q'));
    });
    const scanned = await foreignPdf(async (pdf, page) => {
      const helvetica = await pdf.embedFont(StandardFonts.Helvetica);
      const key = page.node.newFontDictionary('Helvetica', helvetica.ref);
      addContent(pdf, page, `q BT 3 Tr ${key} 12 Tf 30 200 Td (found, not seen) Tj ET Q`);
    });
    const [first, second, third] = [await archive(plain), await archive(busy), await archive(scanned)];
    expect(await veraPdf({ 'plain.pdf': first.data, 'busy.pdf': second.data, 'scanned.pdf': third.data })).toEqual({
      'plain.pdf': { flavour: 'PDF/A-2B', faults: [] },
      'busy.pdf': { flavour: 'PDF/A-2B', faults: [] },
      'scanned.pdf': { flavour: 'PDF/A-2B', faults: [] },
    });
    expect(first.changes).toEqual([]);
    expect(second.changes.sort()).toEqual([
      'Removed actions of the kind JavaScript.',
      'Removed actions of the kind Launch.',
      'Removed hidden annotations.',
      'Removed scripts.',
    ]);
  }, 200_000);

  it('is the same archive each time', async () => {
    const source = await foreignPdf(() => {});
    expect((await archive(source)).data.equals((await archive(source)).data)).toBe(true);
  });
});

describe('what cannot become PDF/A', () => {
  const fault = async (draw: Parameters<typeof foreignPdf>[0]) =>
    archive(await foreignPdf(draw)).then(
      () => 'made',
      (error) => `${error.code}: ${error.detail}`,
    );

  it('fails with the fonts that are not embedded, and the pages that use them', async () => {
    const said = await fault(async (pdf, first) => {
      const font = await pdf.embedFont(StandardFonts.HelveticaBold);
      for (const page of [first, pdf.addPage(), pdf.addPage()])
        if (page !== first) page.drawText('Total', { font, x: 9, y: 9 });
    });
    expect(said).toMatch(/^document_failed: .*the font Helvetica-Bold is not embedded \(page 2, 3\)\. Export it anew/);
  });

  it('fails for colours of no known printer', async () => {
    expect(await fault((pdf, page) => addContent(pdf, page, '0 1 0 0 k 9 9 50 50 re f'))).toMatch(/CMYK.*\(page 1\)/);
  });

  it('fails for attachments, which would be lost', async () => {
    expect(await fault((pdf) => pdf.attach(Buffer.from('1;2'), 'data.csv'))).toMatch(/attachments/);
  });

  it('fails for a signature, which would break', async () => {
    const said = await fault(({ catalog, context }) => {
      const field = context.register(context.obj({ FT: 'Sig', V: { Type: 'Sig' }, T: PDFString.of('s') }));
      catalog.set(name('AcroForm'), context.obj({ Fields: [field], SigFlags: 3 }));
    });
    expect(said).toMatch(/signed/);
  });

  it('fails for a note that has nothing to show', async () => {
    const said = await fault(({ context }, page) => {
      const note = context.obj({ Type: 'Annot', Subtype: 'Text', Rect: [9, 9, 30, 30] });
      page.node.set(name('Annots'), context.obj([context.register(note)]));
    });
    expect(said).toMatch(/kind Text has no appearance \(page 1\)/);
  });

  it('fails for what is no PDF', async () => {
    await expect(archive(Buffer.from('%PDF-1.7\nnothing'))).rejects.toMatchObject({ code: 'document_unreadable' });
  });
});

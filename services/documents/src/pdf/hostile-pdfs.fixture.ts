import { deflateSync } from 'node:zlib';
import { PDFDocument } from '@cantoo/pdf-lib';

/** A PDF of these objects, by their numbers; 1 is the catalog. */
export function rawPdf(objects: Record<number, string | Buffer>): Buffer {
  const parts: Buffer[] = [Buffer.from('%PDF-1.7\n')];
  const offsets = new Map<number, number>();
  let length = parts[0]!.length;
  for (const [number, body] of Object.entries(objects)) {
    offsets.set(Number(number), length);
    const part = Buffer.concat([Buffer.from(`${number} 0 obj\n`), Buffer.from(body), Buffer.from('\nendobj\n')]);
    parts.push(part);
    length += part.length;
  }
  const size = Math.max(...offsets.keys()) + 1;
  const rows = Array.from({ length: size }, (_, number) => {
    const offset = offsets.get(number);
    return offset === undefined ? '0000000000 65535 f \n' : `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const xref = `xref\n0 ${size}\n${rows.join('')}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`;
  return Buffer.concat([...parts, Buffer.from(xref)]);
}

const CATALOG = '<< /Type /Catalog /Pages 2 0 R >>';
const PAGES = '<< /Type /Pages /Kids [3 0 R] /Count 1 >>';

/** A page with this content, and what else is said of it. */
export function pagePdf(content: string | Buffer, { page = '', more = {}, filter = '' } = {}): Buffer {
  const box = page.includes('/MediaBox') ? '' : '/MediaBox [0 0 300 200]';
  const head = `<< /Length ${content.length} ${filter} >>\nstream\n`;
  return rawPdf({
    1: CATALOG,
    2: PAGES,
    3: `<< /Type /Page /Parent 2 0 R ${box} /Contents 4 0 R ${page} >>`,
    4: Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from('\nendstream')]),
    ...more,
  });
}

/** Zeros that take a thousandth of their size. */
function bomb(bytes: number): Buffer {
  return deflateSync(Buffer.alloc(bytes), { level: 1 });
}

function stream(dict: string, data: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`<< ${dict} /Length ${data.length} >>\nstream\n`),
    data,
    Buffer.from('\nendstream'),
  ]);
}

async function whole(): Promise<Buffer> {
  const pdf = await PDFDocument.create({ updateMetadata: false });
  pdf.addPage([300, 200]).drawText('whole', { x: 20, y: 20 });
  return Buffer.from(await pdf.save());
}

const IMAGE =
  '/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode';

/** PDFs that harm, by what they do. */
export const HOSTILE: Record<string, () => Buffer | Promise<Buffer>> = {
  'no PDF': () => Buffer.from('hello'),
  nothing: () => Buffer.alloc(0),
  'only a header': () => Buffer.from('%PDF-1.7\n'),
  'cut in the middle': async () => (await whole()).subarray(0, 300),
  'noise after the header': () => Buffer.from(`%PDF-1.7\n${'\u0001\u0002obj<<[('.repeat(20_000)}`),
  'pages that are their own parents': () =>
    rawPdf({ 1: CATALOG, 2: '<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>' }),
  'a page that is its own parent': () => pagePdf('', { page: '/Parent 3 0 R' }),
  'a form that draws itself': () =>
    pagePdf('/X Do', {
      page: '/Resources << /XObject << /X 5 0 R >> >>',
      more: {
        5: stream(
          '/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>',
          Buffer.from('/X Do /X Do'),
        ),
      },
    }),
  'forms that draw each other two to the thirtieth times': () => {
    const forms = Array.from({ length: 30 }, (_, level): [number, Buffer] => {
      const resources = `/Resources << /XObject << /X ${6 + level} 0 R >> >>`;
      return [
        5 + level,
        stream(
          `/Type /XObject /Subtype /Form /BBox [0 0 300 200] ${resources}`,
          Buffer.from('/X Do 1 0 0 1 1 1 cm /X Do 0 0 9 9 re f'),
        ),
      ];
    });
    return pagePdf('/X Do', { page: '/Resources << /XObject << /X 5 0 R >> >>', more: Object.fromEntries(forms) });
  },
  'a page of a thousand million points': () =>
    pagePdf('0 0 1e9 1e9 re f', { page: '/MediaBox [0 0 1000000000 1000000000]' }),
  'a page with numbers beyond all': () =>
    pagePdf('1e400 0 0 -1e400 nan inf cm 0 0 9 9 re f', { page: '/MediaBox [-1e39 -1e39 1e39 1e39]' }),
  'content that unpacks to 2 GB': () =>
    pagePdf(deflateSync(bomb(2_000_000_000)), { filter: '/Filter [/FlateDecode /FlateDecode]' }),
  'an image of 900 megapixels': () =>
    pagePdf('300 0 0 200 0 0 cm /I Do', {
      page: '/Resources << /XObject << /I 5 0 R >> >>',
      more: { 5: stream(IMAGE, bomb(30_000_000)) },
    }),
  'arrays in arrays': () => pagePdf('', { page: `/Annots ${'['.repeat(200_000)}` }),
  'a font that is noise': () =>
    pagePdf('BT /F 20 Tf 20 50 Td (broken) Tj ET', {
      page: '/Resources << /Font << /F << /Type /Font /Subtype /TrueType /BaseFont /A /FirstChar 0 /LastChar 255 /FontDescriptor 5 0 R >> >> >>',
      more: {
        5: '<< /Type /FontDescriptor /FontName /A /Flags 4 /FontFile2 6 0 R >>',
        6: stream('/Length1 3000', Buffer.from('\0\u0001\0\0\0\u00ff'.repeat(500), 'latin1')),
      },
    }),
  'a pattern of a million cells': () =>
    pagePdf('/Pattern cs /P scn 0 0 300 200 re f', {
      page: '/Resources << /Pattern << /P 5 0 R >> >>',
      more: {
        5: stream(
          '/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.0001 /YStep 0.0001 /Resources << >>',
          Buffer.from('0 0 1 1 re f'),
        ),
      },
    }),
  'a hundred thousand pages': () => {
    const count = 100_000;
    const kids = Array.from({ length: count }, (_, index) => `${3 + index} 0 R`).join(' ');
    const pages = Array.from({ length: count }, (_, index): [number, string] => [
      3 + index,
      '<< /Type /Page /Parent 2 0 R >>',
    ]);
    return rawPdf({
      1: CATALOG,
      2: `<< /Type /Pages /MediaBox [0 0 300 200] /Count ${count} /Kids [${kids}] >>`,
      ...Object.fromEntries(pages),
    });
  },
  'one page that is a hundred thousand': () =>
    rawPdf({
      1: CATALOG,
      2: `<< /Type /Pages /MediaBox [0 0 9 9] /Count 100000 /Kids [${'3 0 R '.repeat(100_000)}] >>`,
      3: '<< /Type /Page /Parent 2 0 R >>',
    }),
  'a count that is not true': () => rawPdf({ 1: CATALOG, 2: '<< /Type /Pages /Count 2000000000 /Kids [] >>' }),
};

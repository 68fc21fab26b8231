/** Builds PDFs that were made to harm. Each is small; what it becomes when it is read is not. */
import { constants, deflateRawSync, deflateSync } from 'node:zlib';

/** A file of the corpus, and how its refusal begins when it is compressed, where that does not depend on the machine's speed. */
export interface HostilePdf {
  name: string;
  bytes: Buffer;
  refused?: RegExp;
}

type Body = string | { dict: string; data: Uint8Array };

const CATALOG = '<< /Type /Catalog /Pages 2 0 R >>';
const PAGES = '<< /Type /Pages /Kids [3 0 R] /Count 1 >>';
const PAGE = '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>';
/** Of zeroes, in MB. */
const BOMB_MB = 2_000;

/** The whole corpus. `good` is a PDF of some pages. */
export function hostilePdfs(good: Buffer): HostilePdf[] {
  const bomb = zeroes(BOMB_MB);
  return [
    { name: 'text', bytes: Buffer.from('hello'), refused: /^document_unreadable: source: this is not a PDF/ },
    { name: 'nothing', bytes: Buffer.alloc(0), refused: /^document_unreadable: source: this is not a PDF/ },
    { name: 'ZIP', bytes: Buffer.from('PK\x03\x04'.padEnd(100)), refused: /^document_unreadable/ },
    { name: 'header alone', bytes: Buffer.from('%PDF-1.7\n'), refused: /^document_unreadable: .*damaged/ },
    { name: 'half of a file', bytes: good.subarray(0, good.length / 2), refused: /^document_unreadable/ },
    { name: 'no pages', bytes: pdf([CATALOG, '<< /Type /Pages /Kids [] /Count 0 >>']), refused: /has no pages/ },
    { name: 'a million pages claimed', bytes: pdf([CATALOG, PAGES.replace('/Count 1', '/Count 1000000'), PAGE]) },
    {
      name: '30,000 times one page',
      bytes: pdf([CATALOG, `<< /Type /Pages /Kids [${'3 0 R '.repeat(30_000)}] /Count 30000 >>`, PAGE]),
      refused: /30000 pages; it may have 20000|^timeout/,
    },
    {
      name: 'page tree that is its own child',
      bytes: pdf([CATALOG, '<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>', PAGE]),
      refused: /^document_unreadable: .*damaged/,
    },
    { name: 'page tree of 5,000 levels', bytes: deepTree(5_000) },
    { name: 'arrays nested 100,000 deep', bytes: pdf([CATALOG, PAGES, PAGE, '['.repeat(100_000)]) },
    { name: 'cross-reference that follows itself', bytes: pdf([CATALOG, PAGES, PAGE], '/Prev SELF') },
    { name: 'cross-reference of 2 billion entries', bytes: pdf([CATALOG, PAGES, PAGE], '/Size 2000000000') },
    { name: 'bookmark that is its own next', bytes: pdf([...outlined('/Next 5 0 R'), PAGE]) },
    { name: 'bookmark that is its own child', bytes: pdf([...outlined('/First 5 0 R /Last 5 0 R'), PAGE]) },
    {
      name: 'names that contain themselves',
      bytes: pdf([
        '<< /Type /Catalog /Pages 2 0 R /Names << /Dests 4 0 R >> >>',
        PAGES,
        PAGE.replace('>>', '/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 1 1] /Dest (a) >>] >>'),
        '<< /Kids [4 0 R 4 0 R] >>',
      ]),
    },
    {
      name: `content of ${BOMB_MB} MB, compressed`,
      bytes: pdf([CATALOG, PAGES, page('/Contents 4 0 R'), flate(bomb)]),
    },
    {
      name: `content of ${BOMB_MB} MB, compressed twice`,
      bytes: pdf([
        CATALOG,
        PAGES,
        page('/Contents 4 0 R'),
        flate(deflateSync(bomb), '/Filter [/FlateDecode /FlateDecode]'),
      ]),
    },
    {
      name: `objects in ${BOMB_MB} MB, compressed`,
      bytes: pdf(
        [CATALOG, PAGES, page('/Contents 5 0 R'), flate(bomb, '/Type /ObjStm /N 1 /First 10'), 'null'],
        '',
        [5],
      ),
    },
    {
      name: 'picture of 30,000 x 30,000 in some bytes',
      bytes: pdf([
        CATALOG,
        PAGES,
        page('/Resources << /XObject << /A 4 0 R >> >>'),
        picture(30_000, deflateSync(Buffer.alloc(9))),
      ]),
    },
    {
      name: `picture of ${BOMB_MB} MB, compressed`,
      bytes: pdf([CATALOG, PAGES, page('/Resources << /XObject << /A 4 0 R >> >>'), picture(25_000, bomb)]),
    },
    {
      name: 'rows of 2 GB each',
      bytes: pdf([
        CATALOG,
        PAGES,
        page('/Contents 4 0 R'),
        flate(bomb, '/DecodeParms << /Predictor 12 /Columns 2147483647 >>'),
      ]),
      refused: /^document_failed: .*needs more than 300 MB/,
    },
    {
      name: 'appearance that draws itself',
      bytes: pdf([
        '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] /NeedAppearances true /DR << /XObject << /A 5 0 R >> >> >> >>',
        PAGES,
        page('/Annots [4 0 R]'),
        '<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (b) /Parent 4 0 R /DA (/F 9 Tf) /Rect [0 0 9 9] /AP << /N 5 0 R >> >>',
        {
          dict: '/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /A 5 0 R >> >>',
          data: Buffer.from('/A Do'),
        },
      ]),
    },
    {
      name: 'length that is its own stream',
      bytes: pdf([CATALOG, PAGES, page('/Contents 4 0 R'), '<< /Length 4 0 R >>\nstream\nq\nendstream']),
    },
    {
      name: 'handler of encryption that nobody has',
      bytes: pdf(
        [CATALOG, PAGES, PAGE, '<< /Filter /Adobe.PubSec /SubFilter /adbe.pkcs7.s5 /V 4 >>'],
        '/Encrypt 4 0 R /ID [(a) (a)]',
      ),
      refused: /^document_unreadable: .*encrypted in a way/,
    },
  ];
}

function page(rest: string): string {
  return PAGE.replace(' >>', ` ${rest} >>`);
}

function outlined(near: string): Body[] {
  const catalog = '<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>';
  const item = `<< /Title (a) /Parent 4 0 R /Dest [3 0 R /Fit] ${near} >>`;
  return [catalog, PAGES, PAGE, '<< /First 5 0 R /Last 5 0 R /Count 1 >>', item];
}

function deepTree(levels: number): Buffer {
  const nodes = Array.from({ length: levels }, (_, n) => `<< /Type /Pages /Kids [${n + 3} 0 R] /Count 1 >>`);
  return pdf([CATALOG, ...nodes, PAGE]);
}

function flate(data: Uint8Array, rest = ''): Body {
  return { dict: `${rest.includes('/Filter') ? '' : '/Filter /FlateDecode'} ${rest}`, data };
}

function picture(side: number, data: Uint8Array): Body {
  const shape = `/Width ${side} /Height ${side} /BitsPerComponent 8 /ColorSpace /DeviceRGB`;
  return flate(data, `/Type /XObject /Subtype /Image ${shape}`);
}

/** A zlib stream of so many MB of zeroes: blocks that stand for themselves, so one is made and repeated. */
function zeroes(megabytes: number): Buffer {
  const size = 10_000_000;
  const count = megabytes / 10;
  const block = deflateRawSync(Buffer.alloc(size), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const end = Buffer.from([0x03, 0x00, 0, 0, 0, 1]);
  end.writeUInt16BE((size * count) % 65_521, 2); // Adler-32 of zeroes
  return Buffer.concat([Buffer.from([0x78, 0xda]), ...Array.from({ length: count }, () => block), end]);
}

/** Object 1 is the catalog. `inStream` are objects that the fourth one, a stream, is said to hold. */
function pdf(bodies: Body[], trailer = '', inStream: number[] = []): Buffer {
  const chunks: Buffer[] = [Buffer.from('%PDF-1.7\n')];
  const offsets: number[] = [];
  let at = chunks[0]!.length;
  const push = (chunk: Buffer) => {
    chunks.push(chunk);
    at += chunk.length;
  };
  bodies.forEach((body, index) => {
    offsets.push(at);
    push(Buffer.from(`${index + 1} 0 obj\n`));
    if (typeof body === 'string') push(Buffer.from(body));
    else {
      push(Buffer.from(`<< ${body.dict} /Length ${body.data.length} >>\nstream\n`));
      push(Buffer.concat([body.data, Buffer.from('\nendstream')]));
    }
    push(Buffer.from('\nendobj\n'));
  });
  const rest = trailer.replace('SELF', String(at));
  if (inStream.length > 0) push(crossReferenceStream(offsets, inStream, at));
  else {
    const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
    const size = rest.includes('/Size') ? '' : `/Size ${bodies.length + 1}`;
    const table = `xref\n0 ${bodies.length + 1}\n0000000000 65535 f \n${rows}`;
    const start = at;
    push(Buffer.from(`${table}trailer\n<< /Root 1 0 R ${size} ${rest} >>\nstartxref\n${start}\n%%EOF\n`));
  }
  return Buffer.concat(chunks);
}

function crossReferenceStream(offsets: number[], inStream: number[], at: number): Buffer {
  const row = (type: number, offset: number) => {
    const bytes = Buffer.alloc(6);
    bytes.writeUInt8(type, 0);
    bytes.writeUInt32BE(offset, 1);
    return bytes;
  };
  const rows = [
    row(0, 0),
    ...offsets.map((offset, index) => (inStream.includes(index + 1) ? row(2, 4) : row(1, offset))),
  ];
  const own = row(1, at);
  const data = Buffer.concat([...rows, own]);
  const dict = `<< /Type /XRef /Size ${offsets.length + 2} /W [1 4 1] /Root 1 0 R /Length ${data.length} >>`;
  const head = Buffer.from(`${offsets.length + 1} 0 obj\n${dict}\nstream\n`);
  return Buffer.concat([head, data, Buffer.from(`\nendstream\nendobj\nstartxref\n${at}\n%%EOF\n`)]);
}

import { type PDFContext, PDFDict, PDFDocument, PDFName, PDFStream } from '@cantoo/pdf-lib';
import { veraPdf } from '@tandem/testing/pdf-validators';
import { describe, expect, it, test } from 'vitest';
import { archivePdf } from './archive-pdf.js';
import { textOf } from './embedded-files.js';
import { rawPdf } from './hostile-pdfs.fixture.js';
import { markArtifacts } from './mark-artifacts.js';
import { mendForPdfUa } from './mend-pdf-ua.js';
import { contentOf } from './page-content.js';
import { readStructure } from './structure-tree.js';

const now = new Date('2026-11-21T09:00:00Z');
const metadata = { title: 'Relevé' };
const name = PDFName.of;

interface Tagged {
  /** Roles that its tags stand for. */
  roles?: string;
  catalog?: string;
  page?: string;
  content?: string;
  /** Other objects, from 100. */
  more?: Record<number, string>;
}

const streamOf = (content: string, dict = '') =>
  `<< ${dict} /Length ${content.length} >>\nstream\n${content}\nendstream`;

/** A page with a box in each of these tags, from object 10; annotations with the number 1 stand in the first. */
function tagged(tags: string[], { roles = '', catalog = '', page = '', content = '', more = {} }: Tagged = {}): Buffer {
  const refs = tags.map((_, at) => `${10 + at} 0 R`).join(' ');
  const boxes = tags.map((_, at) => `/P <</MCID ${at}>> BDC 0 0 9 9 re f EMC`).join('\n');
  const elements = tags.map((tag, at): [number, string] => [
    10 + at,
    `<< /Type /StructElem /P 6 0 R /Pg 3 0 R ${tag.includes('/K') ? '' : `/K ${at}`} ${tag} >>`,
  ]);
  return rawPdf({
    1: `<< /Type /Catalog /Pages 2 0 R /Lang (fr) /StructTreeRoot 5 0 R ${catalog} >>`,
    2: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    3: `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /StructParents 0 /Contents 4 0 R ${page} >>`,
    4: streamOf(`${boxes}\n${content}`),
    5: `<< /Type /StructTreeRoot /K 6 0 R /RoleMap << ${roles} >> /ParentTree << /Nums [0 [${refs}] 1 10 0 R] >> >>`,
    6: `<< /Type /StructElem /S /Document /P 5 0 R /K [${refs}] >>`,
    ...Object.fromEntries(elements),
    ...more,
  });
}

/** Such a page with an annotation in its first tag. */
function annotated(role: string, annotation: string, others: Tagged = {}): Buffer {
  return tagged([`/S /${role} /K [0 << /Type /OBJR /Pg 3 0 R /Obj 100 0 R >>]`], {
    ...others,
    page: '/Annots [100 0 R]',
    more: { 100: `<< /Type /Annot /Rect [0 0 9 9] /F 4 /StructParent 1 ${annotation} >>` },
  });
}

const LINK = '/Subtype /Link /A << /S /URI /URI (mailto:a@example.org) >>';

async function accessible(data: Buffer): Promise<Buffer> {
  return (await archivePdf({ data, metadata, now, standards: ['pdfua-1'] })).data;
}

/** What a text of the first annotation says. */
async function linkText(data: Buffer): Promise<string | undefined> {
  const pdf = await PDFDocument.load(await accessible(data));
  const link = pdf.getPage(0).node.Annots()?.lookup(0, PDFDict);
  return textOf(link?.lookup(name('Contents')));
}

/** How often pdf-lib searches all objects of a file for one, from now on. */
function searchesIn(context: PDFContext): () => number {
  const search = context.getObjectRef.bind(context);
  let count = 0;
  context.getObjectRef = (object) => {
    count += 1;
    return search(object);
  };
  return () => count;
}

describe('what is mended', () => {
  it('is PDF/UA-1 as veraPDF judges: notes with names of their own, links in tags that stand for links', async () => {
    const notes = tagged(['/S /Note /ID (note-1)', '/S /Note', '/S /P /ID (note-3)', '/S /Note']);
    const pdf = await PDFDocument.load(notes);
    const elements = readStructure(pdf)!;
    mendForPdfUa(pdf, elements);
    const ids = elements.slice(1).map(({ dict }) => textOf(dict.lookup(name('ID'))));
    expect(ids).toEqual(['note-1', 'note-2', 'note-3', 'note-4']);
    const made = {
      'notes.pdf': await accessible(notes),
      'links.pdf': await accessible(annotated('Lien', LINK, { roles: '/Lien /Link' })),
    };
    const sound = { flavour: 'PDF/UA-1', faults: [] };
    expect(await veraPdf(made, 'ua1')).toEqual({ 'notes.pdf': sound, 'links.pdf': sound });
  }, 120_000);

  test('lists in the items of a list stand in the bodies of those items, without a search of the file for each', async () => {
    const items = Array.from({ length: 500 }, (_, at) => at);
    const body = (item: number) =>
      item % 2 ? `/K [${20_000 + item} 0 R ${10_000 + item} 0 R]` : `/K ${10_000 + item} 0 R`;
    const elements = items.flatMap((item): [number, string][] => [
      [1_000 + item, `<< /S /LI /P 10 0 R ${body(item)} >>`],
      [10_000 + item, `<< /S /L /P ${1_000 + item} 0 R >>`],
      [20_000 + item, `<< /S /LBody /P ${1_000 + item} 0 R >>`],
    ]);
    const list = `/S /L /K [${items.map((item) => `${1_000 + item} 0 R`).join(' ')}]`;
    const pdf = await PDFDocument.load(tagged([list], { more: Object.fromEntries(elements) }));
    const searches = searchesIn(pdf.context);
    mendForPdfUa(pdf, readStructure(pdf)!);
    expect(searches()).toBe(0);
    const found = readStructure(pdf)!.filter(({ role }) => role === 'LBody');
    expect(found.map(({ parent, kids }) => [parent?.role, ...kids.map(({ role }) => role)])).toEqual(
      items.map(() => ['LI', 'L']),
    );
  });

  test('decoration in tagged forms is marked, without a search of the file for each', async () => {
    const forms = Array.from({ length: 200 }, (_, at) => 100 + at);
    const drawn = '/P <</MCID 0>> BDC 0 0 9 9 re f EMC 1 1 2 2 re f';
    const form = streamOf(drawn, '/Type /XObject /Subtype /Form /BBox [0 0 9 9]');
    const pdf = await PDFDocument.load(
      tagged(['/S /P'], {
        page: `/Resources << /XObject << ${forms.map((number) => `/X${number} ${number} 0 R`).join(' ')} >> >>`,
        content: forms.map((number) => `/X${number} Do`).join(' '),
        more: Object.fromEntries(forms.map((number) => [number, form])),
      }),
    );
    const searches = searchesIn(pdf.context);
    markArtifacts(pdf, () => true);
    expect(searches()).toBe(0);
    const marked = pdf.context
      .enumerateIndirectObjects()
      .map(([, object]) => object)
      .filter((object) => object instanceof PDFStream && object.dict.get(name('Subtype')) === name('Form'))
      .map((object) => contentOf(object as PDFStream));
    expect(marked).toEqual(forms.map(() => drawn.replace('1 1 2 2 re f', '/Artifact BMC\n1 1 2 2 re f\nEMC')));
  });

  test.each([
    ['Page 1', 'the page that an action goes to', '/A << /S /GoTo /D (end) >>'],
    ['Page 1', 'the page that a place is on', '/Dest (end)'],
    ['Link', 'a place of that name in another file', '/A << /S /GoToR /F (other.pdf) /D (end) >>'],
  ])('a link says "%s" for %s', async (said, _, leads) => {
    const catalog = '/Dests << /end [3 0 R /Fit] >>';
    expect(await linkText(annotated('Link', `/Subtype /Link ${leads}`, { catalog }))).toBe(said);
  });
});

describe('what cannot be mended', () => {
  test.each([
    [
      'a link in a tag that stands for text',
      () => annotated('Foo', LINK, { roles: '/Foo /P' }),
      'Link stands in no tag Link (page 1)',
    ],
    [
      'an annotation called as all objects have something',
      () => annotated('P', '/Subtype /toString'),
      'toString has no text (page 1)',
    ],
    [
      'such an annotation outside of the tags',
      () => annotated('P', '/Subtype /toString /StructParent 7'),
      'toString stands in no tag Annot (page 1)',
    ],
    [
      'a tag called as all objects have something',
      () => tagged(['/S /toString']),
      'nothing says what its tag toString stands for',
    ],
  ])('%s is named', async (_, make, detail) => {
    await expect(accessible(make())).rejects.toMatchObject({
      code: 'document_failed',
      detail: expect.stringContaining(detail),
    });
  });

  test('of fonts PDF/A tells, where both are wanted, and what to do about them', async () => {
    const data = tagged(['/S /P'], {
      page: '/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>',
      content: '/P <</MCID 0>> BDC BT /F 9 Tf (x) Tj ET EMC',
    });
    await expect(accessible(data)).rejects.toMatchObject({
      detail: expect.stringContaining('PDF/UA: the font Helvetica is not embedded (page 1)'),
    });
    await expect(archivePdf({ data, metadata, now, standards: ['pdfa-2b', 'pdfua-1'] })).rejects.toMatchObject({
      detail: expect.stringMatching(
        /PDF\/A: the font Helvetica is not embedded \(page 1\)\. Export it anew with fonts/,
      ),
    });
  });
});

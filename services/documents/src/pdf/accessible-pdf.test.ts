import { PDFDocument, PDFHexString, PDFName } from '@cantoo/pdf-lib';
import { veraPdf } from '@tandem/testing/pdf-validators';
import { describe, expect, it, test } from 'vitest';
import { archivePdf } from './archive-pdf.js';
import { editMetadata } from './edit-metadata.js';
import { type Tagged, taggedPdf } from './tagged-page.fixture.js';

const now = new Date('2026-11-21T09:00:00Z');
const name = PDFName.of;

const accessible = (data: Uint8Array, metadata = {}) => archivePdf({ data, metadata, now, standards: ['pdfua-1'] });
const both = (data: Uint8Array) => archivePdf({ data, metadata: {}, now, standards: ['pdfa-2b', 'pdfua-1'] });

/** Untagged lines, an area, text, and a picture of one pixel. */
const DECORATION = `q 0.5 g 0 0 400 5 re f 1 w 0 60 m 400 60 l S Q q 9 0 0 9 5 5 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q BT 1 0 0 1 30 20 Tm TEXT ET`;

describe('a tagged PDF', () => {
  it('becomes PDF/UA-1, with PDF/A-2b where both are wanted, as veraPDF judges', async () => {
    const sources = {
      'plain.pdf': await taggedPdf(),
      'decorated.pdf': await taggedPdf({ more: DECORATION, link: { tagged: true } }),
      'words.pdf': await taggedPdf({ roles: ['H1', 'Strong', 'Aside', 'Note'] }),
      'given.pdf': await taggedPdf({ language: '', title: '' }),
    };
    const given = { title: 'Compte <rendu> & annexes', language: 'fr-SN' };
    const made: Record<string, Uint8Array> = {};
    const two: Record<string, Uint8Array> = {};
    for (const [file, data] of Object.entries(sources)) {
      const metadata = file === 'given.pdf' ? given : {};
      made[`ua-${file}`] = (await accessible(data, metadata)).data;
      two[`both-${file}`] = (await archivePdf({ data, metadata, now, standards: ['pdfua-1', 'pdfa-2b'] })).data;
    }
    const again = await accessible(two['both-decorated.pdf']!);
    expect(again.changes).toEqual([]);
    made['again.pdf'] = again.data;
    const verdicts = await veraPdf({ ...sources, ...made, ...two }, 'ua1');
    for (const file of Object.keys(sources)) expect(verdicts[file]!.faults).not.toEqual([]);
    for (const file of Object.keys({ ...made, ...two }))
      expect([file, verdicts[file]]).toEqual([file, { flavour: 'PDF/UA-1', faults: [] }]);
    expect(Object.values(await veraPdf(two, '2b'))).toEqual(Array(4).fill({ flavour: 'PDF/A-2B', faults: [] }));
    const { metadata } = await editMetadata({ data: two['both-given.pdf']! });
    expect(metadata).toMatchObject({ ...given, conformance: 'PDF/A-2B, PDF/UA-1', tagged: true });
  }, 200_000);

  it('says of text outside of the tags that it is passed over', async () => {
    expect((await accessible(await taggedPdf({ more: DECORATION }))).changes).toEqual([
      'Text outside of the tags counts as decoration, which screen readers pass over (page 1).',
    ]);
    expect((await accessible(await taggedPdf({ more: '0 0 9 9 re f' }))).changes).toEqual([]);
  });

  it('says of a link where it leads', async () => {
    const { data } = await accessible(await taggedPdf({ link: { tagged: true } }));
    const pdf = await PDFDocument.load(data);
    const [link] = pdf.getPage(0).node.Annots()!.asArray();
    expect(String(pdf.context.lookup(link))).toContain(PDFHexString.fromText('a@example.org').toString());
  });

  it('is the same each time', async () => {
    const source = await taggedPdf({ more: DECORATION });
    const [first, second] = [await both(source), await both(source)];
    expect(first.data.equals(second.data)).toBe(true);
  });
});

describe('what cannot become PDF/UA', () => {
  test.each<[string, Tagged, RegExp]>([
    ['without a title', { title: '' }, /it has no title: send one as title/],
    ['without a language', { language: '' }, /does not say its language: send one as language/],
    ['whose headings skip a level', { roles: ['H1', 'H3'] }, /an H3 follows an H1, with no H2 between \(page 1\)/],
    ['that begins with a lower heading', { roles: ['H2'] }, /first heading is an H2, not an H1/],
    [
      'with a picture that nothing describes',
      { roles: ['H1', 'Figure'] },
      /a picture has no alternative text \(page 1\)/,
    ],
    ['with tags of its own that nothing explains', { roles: ['Titre'] }, /nothing says what its tag Titre stands for/],
    ['with a font that is not embedded', { embedded: false }, /the font Helvetica is not embedded \(page 1\)/],
    [
      'with a link outside of the tags',
      { link: { tagged: false } },
      /annotation of the kind Link stands in no tag Link/,
    ],
    [
      'with content that the structure does not know',
      { more: '/P <</MCID 7>> BDC 0 0 9 9 re f EMC' },
      /the structure does not know it/,
    ],
    [
      'with tags inside of decoration',
      { more: '/Artifact BMC /P <</MCID 0>> BDC EMC EMC' },
      /stand inside of each other/,
    ],
  ])('a PDF %s fails, and says why', async (_, options, detail) => {
    await expect(accessible(await taggedPdf(options))).rejects.toMatchObject({
      code: 'document_failed',
      detail: expect.stringMatching(detail),
    });
  });

  it('a PDF without tags fails', async () => {
    const pdf = await PDFDocument.create();
    pdf.addPage();
    await expect(both(await pdf.save())).rejects.toMatchObject({ detail: expect.stringContaining('it has no tags') });
  });

  test.each<[string, NonNullable<Tagged['change']>]>([
    [
      'that is its own kid',
      ({ context }, [first]) => (first as never as Map<unknown, unknown>).set(name('K'), context.getObjectRef(first!)),
    ],
    [
      'that goes ever deeper',
      ({ context }, [first]) => {
        let dict = first as never as { set(key: PDFName, value: unknown): void };
        for (let depth = 0; depth < 5_000; depth++) {
          const kid = context.obj({ S: 'P' });
          dict.set(name('K'), context.register(kid));
          dict = kid as never;
        }
      },
    ],
    [
      'with a map of roles that runs in a circle',
      ({ catalog, context }, [first]) => {
        (catalog.lookup(name('StructTreeRoot')) as never as Map<unknown, unknown>).set(
          name('RoleMap'),
          context.obj({ A: 'B', B: 'A' }) as never,
        );
        (first as never as Map<unknown, unknown>).set(name('S'), name('A') as never);
      },
    ],
    [
      'with a form that draws itself',
      ({ context }) => {
        const page = [...context.enumerateIndirectObjects()]
          .map(([, object]) => object)
          .find((object) => String(object).includes('/Type /Page\n'));
        const form = context.nextRef();
        const resources = context.obj({ XObject: { X: form } });
        context.assign(
          form,
          context.stream('/X Do /P <</MCID 0>> BDC EMC /X Do', {
            Type: 'XObject',
            Subtype: 'Form',
            BBox: [0, 0, 9, 9],
            Resources: resources,
          }),
        );
        (page as never as { addContentStream(ref: unknown): void }).addContentStream(
          context.register(context.stream('/X Do')),
        );
        (page as never as Map<unknown, unknown>).set(name('Resources'), resources as never);
      },
    ],
  ])('a structure %s ends with a reason, or without harm', async (_, change) => {
    const ended = await accessible(await taggedPdf({ change })).catch((error) => error);
    expect(ended.detail ?? 'made').toMatch(/^(made|The PDF cannot be read|The document cannot become PDF\/UA)/);
  });
});

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PDFDocument, PDFName, type PDFObject, PDFString, StandardFonts } from '@cantoo/pdf-lib';
import * as fontkit from 'fontkit';

const DEJAVU = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
const name = PDFName.of;

/** What stands in a tagged PDF of another program. */
export interface Tagged {
  /** Tags of the page's texts in their order; the content of a list in `LI` stands in `LI`. */
  roles?: string[];
  language?: string;
  title?: string;
  /** Operators after the tagged ones. */
  more?: string;
  embedded?: boolean;
  link?: { tagged: boolean };
  change?: (pdf: PDFDocument, elements: PDFObject[]) => void;
}

/** A tagged PDF of another program, of one page with a text for each role. */
export async function taggedPdf({
  roles = ['H1', 'P'],
  language = 'fr',
  title = 'Relevé',
  more = '',
  embedded = true,
  link,
  change = () => {},
}: Tagged = {}): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  const { context, catalog } = pdf;
  pdf.registerFontkit(fontkit as never);
  const font = embedded
    ? await pdf.embedFont(readFileSync(DEJAVU), { subset: true })
    : await pdf.embedFont(StandardFonts.Helvetica);
  const page = pdf.addPage([400, 400]);
  const key = page.node.newFontDictionary('F', font.ref).toString();
  const text = (words: string) => `${key} 14 Tf ${font.encodeText(words)} Tj`;
  const drawn = roles.map(
    (role, at) => `/${role} <</MCID ${at}>> BDC BT 1 0 0 1 30 ${350 - 30 * at} Tm ${text(`${role} ${at}`)} ET EMC`,
  );
  page.node.addContentStream(
    context.register(context.stream(`${drawn.join('\n')}\n${more.replaceAll('TEXT', text('loose'))}`)),
  );
  const root = context.nextRef();
  const whole = context.nextRef();
  const elements = roles.map((role, at) =>
    context.register(context.obj({ Type: 'StructElem', S: role, P: whole, Pg: page.ref, K: at })),
  );
  const kids: PDFObject[] = [...elements];
  const numbers: unknown[] = [0, context.obj(elements)];
  page.node.set(name('StructParents'), context.obj(0));
  if (link) {
    const annotation = context.register(
      context.obj({
        Type: 'Annot',
        Subtype: 'Link',
        Rect: [9, 9, 90, 30],
        F: 4,
        A: { S: 'URI', URI: PDFString.of('mailto:a@example.org') },
        ...(link.tagged ? { StructParent: 1 } : {}),
      }),
    );
    page.node.addAnnot(annotation);
    const element = context.register(
      context.obj({ Type: 'StructElem', S: 'Link', P: whole, K: { Type: 'OBJR', Pg: page.ref, Obj: annotation } }),
    );
    kids.push(element);
    numbers.push(1, element);
  }
  context.assign(whole, context.obj({ Type: 'StructElem', S: 'Document', P: root, K: kids }));
  context.assign(root, context.obj({ Type: 'StructTreeRoot', K: whole, ParentTree: { Nums: numbers as never } }));
  catalog.set(name('StructTreeRoot'), root);
  catalog.set(name('MarkInfo'), context.obj({ Marked: true }));
  if (language) catalog.set(name('Lang'), PDFString.of(language));
  if (title) pdf.setTitle(title);
  change(
    pdf,
    elements.map((ref) => context.lookup(ref)!),
  );
  return pdf.save();
}

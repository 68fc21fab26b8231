import { PDFDocument, PDFHexString, PDFName, type PDFRef, PDFString, StandardFonts } from '@cantoo/pdf-lib';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';

/** A tagged PDF: on each page a section of a heading, whose role is the document's own, and text, with `links` a link to the first page. */
export async function makeTagged(name: string, pages: number, language: string, links = true): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const { context, catalog } = pdf;
  const font = (await pdf.embedFont(StandardFonts.Helvetica)).ref;
  const [root, whole] = [context.nextRef(), context.nextRef()];
  const element = (entries: object, ref: PDFRef = context.nextRef()) => {
    context.assign(ref, context.obj({ Type: 'StructElem', ...entries }));
    return ref;
  };
  const numbers: (number | PDFRef | PDFRef[])[] = [];
  const sections: PDFRef[] = [];
  for (let index = 0; index < pages; index++) {
    const page = pdf.addPage([300, 200]);
    const text = (tag: string, mcid: number, y: number, words: string) =>
      `/${tag} <</MCID ${mcid}>> BDC BT /F 20 Tf 30 ${y} Td (${words}) Tj ET EMC`;
    const content = `${text('H1', 0, 100, `${name} page ${index + 1}`)} ${text('Link', 1, 40, 'back')}`;
    page.node.setFontDictionary(PDFName.of('F'), font);
    page.node.addContentStream(context.register(context.flateStream(content)));
    page.node.set(PDFName.of('StructParents'), context.obj(2 * index));
    const target = { Dest: [pdf.getPage(0).ref, PDFName.of('Fit')], StructParent: 2 * index + 1 };
    const annotation = context.register(
      context.obj({ Type: 'Annot', Subtype: 'Link', Rect: [10, 10, 90, 30], ...target } as never),
    );
    if (links) page.node.addAnnot(annotation);
    const section = context.nextRef();
    const heading = element({ S: 'Titre', P: section, Pg: page.ref, K: 0, ID: PDFString.of(`h${index}`) });
    const objects = [1, { Type: 'OBJR', Pg: page.ref, Obj: annotation }];
    const link = element({ S: 'Link', P: section, Pg: page.ref, K: objects, Alt: PDFHexString.fromText('zurück') });
    sections.push(element({ S: 'Sect', P: whole, K: [heading, link] }, section));
    numbers.push(2 * index, [heading, link], 2 * index + 1, link);
  }
  element({ S: 'Document', P: root, K: sections }, whole);
  const tree = { Type: 'StructTreeRoot', K: whole, ParentTree: { Nums: numbers }, RoleMap: { Titre: 'H1' } };
  context.assign(root, context.obj(tree as never));
  catalog.set(PDFName.of('StructTreeRoot'), root);
  catalog.set(PDFName.of('MarkInfo'), context.obj({ Marked: true }));
  catalog.set(PDFName.of('Lang'), PDFString.of(language));
  return Buffer.from(await pdf.save());
}

type Node = { role?: string; alt?: string; type?: string; lang?: string; children?: Node[] };

/** What a screen reader finds on each page: `Sect[H1[content] ...]`; empty where there are no tags. */
export async function tagsOf(bytes: Uint8Array): Promise<string[]> {
  const document = await getDocument({ data: new Uint8Array(bytes), verbosity: 0 }).promise;
  const told = ({ role, type, alt, lang, children = [] }: Node): string =>
    role === undefined
      ? `${type}`
      : `${role}${lang ? `(${lang})` : ''}${alt ? `"${alt}"` : ''}[${children.map(told).join(' ')}]`;
  const pages: string[] = [];
  for (let number = 1; number <= document.numPages; number++) {
    const tree: Node | null = await (await document.getPage(number)).getStructTree();
    pages.push((tree?.children ?? []).map(told).join(' '));
  }
  return pages;
}

import { PDFArray, PDFDict, type PDFDocument, PDFName, type PDFObject } from '@cantoo/pdf-lib';
import { numberIn } from './pdf-objects-walk.js';
import type { StructureElement } from './structure-tree.js';

const name = PDFName.of;
/** As HTML has it; wider tables are built to harm. */
const WIDEST = 1_000;
const MOST_ADDED = 10_000;
const GROUPS = new Set(['THead', 'TBody', 'TFoot']);

/** Gives short rows the empty cells that they are shown with: all rows of a table have as many columns (ISO 14289-1, 7.2). */
export function fillRows(pdf: PDFDocument, table: StructureElement): void {
  const rows = table.kids
    .flatMap((kid) => (GROUPS.has(kid.role) ? kid.kids : [kid]))
    .filter(({ role }) => role === 'TR');
  const widths = widthsOf(rows);
  const width = Math.min(Math.max(0, ...widths), WIDEST);
  let room = MOST_ADDED;
  for (const [index, { dict, ref }] of rows.entries()) {
    const missing = Math.min(width - widths[index]!, room);
    if (missing <= 0 || !ref) continue;
    room -= missing;
    const kids = dict.lookup(name('K'));
    const present = kids instanceof PDFArray ? kids.asArray() : dict.has(name('K')) ? [dict.get(name('K'))!] : [];
    const added = Array.from({ length: missing }, () =>
      pdf.context.register(pdf.context.obj({ Type: 'StructElem', S: 'TD', P: ref })),
    );
    dict.set(name('K'), pdf.context.obj([...present, ...added]));
  }
}

/** How many columns each row takes, with the cells of rows above that reach into it. */
function widthsOf(rows: readonly StructureElement[]): number[] {
  let above: number[] = [];
  return rows.map(({ kids }) => {
    const below = above.map((left) => left - 1).filter((left) => left > 0);
    let width = above.length;
    for (const { dict, role } of kids) {
      if (role !== 'TD' && role !== 'TH') continue;
      const columns = spanOf(dict, 'ColSpan');
      width += columns;
      const more = spanOf(dict, 'RowSpan') - 1;
      if (more > 0 && below.length + columns <= WIDEST) below.push(...Array<number>(columns).fill(more));
    }
    above = below;
    return width;
  });
}

function spanOf(cell: PDFDict, key: string): number {
  const found = cell.lookup(name('A'));
  const attributes: (PDFObject | undefined)[] =
    found instanceof PDFArray ? found.asArray().map((_, index) => found.lookup(index)) : [found];
  for (const one of attributes) {
    const span = one instanceof PDFDict ? numberIn(one, key) : undefined;
    if (span !== undefined) return Math.min(Math.max(1, Math.floor(span)), WIDEST);
  }
  return 1;
}

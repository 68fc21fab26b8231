import { PDFDict, type PDFDocument, PDFName, PDFNumber, type PDFObject, PDFRef, PDFStream } from '@cantoo/pdf-lib';
import { contentOf, contentOfPage, resourcesOf } from './page-content.js';
import { type Operation, operationsOf } from './pdf-operators.js';
import { repacked } from './repacked-stream.js';

const name = PDFName.of;
const SHOWN_TEXT = /^(?:Tj|TJ|'|")$/;
const PATH = /^(?:m|l|c|v|y|h|re)$/;
const PAINTED = /^(?:f|F|f\*|B|B\*|b|b\*|S|s)$/;

/** What marked content is to a reader: part of the structure, decoration, or neither. */
type Mark = 'tag' | 'artifact' | 'other';

/** What was found while pages were marked. */
export interface MarkedPages {
  /** Pages with text that is in no tag. */
  textOn: number[];
  /** What is wrong, with the pages that it is on. */
  faults: Map<string, number[]>;
}

/**
 * Marks all that a tagged document draws outside of its tags as decoration (ISO 14289-1, 7.1), which it is to screen readers
 * already. `isTag` tells whether the structure knows a piece of marked content of a page or a form.
 */
export function markArtifacts(pdf: PDFDocument, isTag: (holder: PDFDict, mcid: number) => boolean): MarkedPages {
  const found: MarkedPages = { textOn: [], faults: new Map() };
  const forms: Forms = { done: new Set(), looks: new Map() };
  for (const [index, { node }] of pdf.getPages().entries()) {
    const marker = new ContentMarker(pdf, isTag, forms);
    const content = contentOfPage(node);
    const marked = marker.mark(content, resourcesOf(node).resources, node);
    if (marked !== content) {
      const stream = pdf.context.flateStream(Buffer.from(marked, 'latin1'));
      node.set(PDFName.Contents, pdf.context.register(stream));
    }
    if (marker.text) found.textOn.push(index + 1);
    for (const fault of marker.faults) found.faults.set(fault, [...(found.faults.get(fault) ?? []), index + 1]);
  }
  return found;
}

/** What is in a form and those that it draws. */
interface FormLook {
  tags: boolean;
  text: boolean;
}

/** Forms stand on many pages, and are looked at and marked once. */
interface Forms {
  done: Set<PDFStream>;
  looks: Map<PDFStream, FormLook>;
}

class ContentMarker {
  text = false;
  readonly faults = new Set<string>();

  constructor(
    private readonly pdf: PDFDocument,
    private readonly isTag: (holder: PDFDict, mcid: number) => boolean,
    private readonly forms: Forms,
  ) {}

  /** The content with marks around what had none. */
  mark(content: string, resources: PDFDict | undefined, holder: PDFDict): string {
    const pieces: string[] = [];
    let written = 0;
    const wrap = (start: number, end: number) => {
      pieces.push(content.slice(written, start), '/Artifact BMC\n', content.slice(start, end), '\nEMC');
      written = end;
    };
    const open = new OpenMarks();
    let path: number | undefined;
    for (const operation of operationsOf(content)) {
      const { operator, start, end } = operation;
      const marked = open.has('tag') || open.has('artifact');
      if (operator === 'BMC' || operator === 'BDC') open.begin(this.#markOf(operation, resources, holder, open));
      else if (operator === 'EMC') open.end();
      else if (PATH.test(operator)) path ??= start;
      else if (operator === 'n') path = undefined;
      else if (PAINTED.test(operator)) {
        if (!marked) wrap(path ?? start, end);
        path = undefined;
      } else if (marked) continue;
      else if (SHOWN_TEXT.test(operator)) {
        this.text = true;
        wrap(start, end);
      } else if (operator === 'sh' || operator === 'BI') wrap(start, end);
      else if (operator === 'Do' && this.#isDecoration(operation, resources)) wrap(start, end);
    }
    return written === 0 ? content : pieces.join('') + content.slice(written);
  }

  #markOf({ operands }: Operation, resources: PDFDict | undefined, holder: PDFDict, open: OpenMarks): Mark {
    const mcid = mcidOf(operands, resources);
    const mark = operands[0] === '/Artifact' ? 'artifact' : mcid === undefined ? 'other' : 'tag';
    if ((mark === 'artifact' && open.has('tag')) || (mark === 'tag' && open.has('artifact')))
      this.faults.add('decoration and tagged content stand inside of each other');
    if (mark === 'tag' && !this.isTag(holder, mcid!))
      this.faults.add('content is tagged, but the structure does not know it');
    return mark;
  }

  /** Whether an untagged form or image is decoration as a whole; in a form that has tags, what is not tagged is marked. */
  #isDecoration({ operands }: Operation, resources: PDFDict | undefined): boolean {
    const { context } = this.pdf;
    const drawn = entryIn(resources, 'XObject', operands.at(-1));
    const form = context.lookup(drawn);
    if (!isForm(form)) return true;
    const seen = this.#seen(form, resources);
    this.text ||= seen.text && !seen.tags;
    if (!seen.tags) return true;
    if (this.forms.done.has(form)) return false;
    this.forms.done.add(form);
    const content = contentOf(form);
    const marked = this.mark(content, resourcesIn(form, resources), form.dict);
    if (marked !== content && drawn instanceof PDFRef)
      context.assign(drawn, repacked(context, form, Buffer.from(marked, 'latin1')));
    return false;
  }

  #seen(form: PDFStream, outer: PDFDict | undefined): FormLook {
    const known = this.forms.looks.get(form);
    if (known) return known;
    const look = { tags: false, text: false };
    this.#look(form, outer, look, new Set());
    this.forms.looks.set(form, look);
    return look;
  }

  #look(form: PDFStream, outer: PDFDict | undefined, look: FormLook, seen: Set<PDFStream>): void {
    if (seen.has(form)) return;
    seen.add(form);
    const resources = resourcesIn(form, outer);
    for (const { operator, operands } of operationsOf(contentOf(form))) {
      look.text ||= SHOWN_TEXT.test(operator);
      if (operator === 'BDC') look.tags ||= mcidOf(operands, resources) !== undefined;
      const inner = operator === 'Do' ? resourceIn(resources, 'XObject', operands.at(-1)) : undefined;
      if (isForm(inner)) this.#look(inner, resources, look, seen);
    }
  }
}

/** Marks that were begun and not ended, counted by kind: content may nest them a million times. */
class OpenMarks {
  readonly #open: Mark[] = [];
  readonly #count = { tag: 0, artifact: 0, other: 0 };

  has(mark: Mark): boolean {
    return this.#count[mark] > 0;
  }

  begin(mark: Mark): void {
    this.#open.push(mark);
    this.#count[mark] += 1;
  }

  end(): void {
    const mark = this.#open.pop();
    if (mark) this.#count[mark] -= 1;
  }
}

/** The number of marked content, in place or in the resources. */
function mcidOf(operands: Operation['operands'], resources: PDFDict | undefined): number | undefined {
  const at = operands.indexOf('/MCID');
  if (at >= 0) return Number(operands[at + 1]);
  const properties = operands.length === 2 ? resourceIn(resources, 'Properties', operands[1]) : undefined;
  const mcid = properties instanceof PDFDict ? properties.lookup(name('MCID')) : undefined;
  return mcid instanceof PDFNumber ? mcid.asNumber() : undefined;
}

function resourceIn(resources: PDFDict | undefined, kind: string, operand: string | undefined): PDFObject | undefined {
  return resources?.context.lookup(entryIn(resources, kind, operand));
}

/** As it stands there, by reference most often. */
function entryIn(resources: PDFDict | undefined, kind: string, operand: string | undefined): PDFObject | undefined {
  const found = resources?.lookup(name(kind));
  return operand && found instanceof PDFDict ? found.get(name(operand.slice(1))) : undefined;
}

function resourcesIn(form: PDFStream, outer: PDFDict | undefined): PDFDict | undefined {
  const own = form.dict.lookup(name('Resources'));
  return own instanceof PDFDict ? own : outer;
}

function isForm(object: PDFObject | undefined): object is PDFStream {
  return object instanceof PDFStream && object.dict.lookup(name('Subtype')) === name('Form');
}

import { isReference, type PdfDictionary, type PdfObjects, type PdfValue } from './pdf-objects.js';
import { plainEntries } from './plain-value.js';

/** What of a page a tag is about: marked content, or the annotation at a place of its list. */
export type TaggedContent = { page: number; mcid: number } | { page: number; annotation: number };

/** An element of the structure that screen readers follow (ISO 32000-2, 14.7). */
export interface Tag {
  look: PdfDictionary;
  kids: (Tag | TaggedContent)[];
}

/** The structure of a document. */
export interface Tags {
  roots: Tag[];
  language?: PdfValue;
}

const LOOK = ['/T', '/Lang', '/Alt', '/E', '/ActualText', '/A', '/ID'];
/** Deeper trees, and more roles of roles, are built to harm. */
const DEEPEST = 100;
const MOST_ROLES = 10;
/** Of one page. */
const MOST_MARKED = 100_000;

/** The tags of a document; undefined when it has none. Roles of its own become those that they stand for. */
export function tagsOf(objects: PdfObjects, pages: readonly string[]): Tags | undefined {
  const { '/StructTreeRoot': root, '/Lang': language } = objects.catalog;
  const tree = objects.dictionary(root);
  if (!('/K' in tree)) return undefined;
  const reader = new TagReader(objects, pages, objects.dictionary(tree['/RoleMap']));
  const roots = reader.kidsOf(tree['/K'], undefined, 0).filter(isTag);
  return roots.length > 0 ? { roots, language: objects.resolve(language) ?? undefined } : undefined;
}

export function isTag(kid: Tag | TaggedContent): kid is Tag {
  return 'look' in kid;
}

function markedContent(page: number | undefined, mcid: number): TaggedContent | undefined {
  return page !== undefined && Number.isInteger(mcid) && mcid >= 0 && mcid < MOST_MARKED ? { page, mcid } : undefined;
}

class TagReader {
  readonly #pages: Map<string, number>;
  readonly #annotations = new Map<string, TaggedContent>();
  /** Elements, and lists of them: of one that many elements refer to, each of them would read all. */
  readonly #seen = new Set<object>();

  constructor(
    private readonly objects: PdfObjects,
    pages: readonly string[],
    private readonly roles: PdfDictionary,
  ) {
    this.#pages = new Map(pages.map((reference, index) => [reference, index + 1]));
    for (const [reference, page] of this.#pages)
      objects.array(objects.dictionary(reference)['/Annots']).forEach((one, annotation) => {
        if (isReference(one)) this.#annotations.set(one, { page, annotation });
      });
  }

  kidsOf(kids: PdfValue | undefined, page: number | undefined, depth: number): (Tag | TaggedContent)[] {
    if (depth > DEEPEST) return [];
    const found = this.objects.resolve(kids);
    if (Array.isArray(found) && !this.#isNew(found)) return [];
    const list = Array.isArray(found) ? found : [kids ?? null];
    return list.flatMap((kid) => this.#kid(kid, page, depth) ?? []);
  }

  #kid(kid: PdfValue, page: number | undefined, depth: number): Tag | TaggedContent | undefined {
    const found = this.objects.resolve(kid);
    if (typeof found === 'number') return markedContent(page, found);
    const item = this.objects.dictionary(kid);
    const own = this.#pages.get(String(item['/Pg'])) ?? page;
    const mcid = this.objects.resolve(item['/MCID']);
    if (item['/Type'] === '/OBJR') return this.#annotations.get(String(item['/Obj']));
    // What stands in the content of a form, not of the page, is left out.
    if (typeof mcid === 'number') return '/Stm' in item ? undefined : markedContent(own, mcid);
    if (!('/S' in item)) return undefined;
    if (!this.#isNew(item)) return undefined;
    const look = { '/S': this.#role(this.objects.resolve(item['/S'])), ...plainEntries(item, LOOK, this.objects) };
    return { look, kids: this.kidsOf(item['/K'], own, depth + 1) };
  }

  #isNew(value: object): boolean {
    return this.#seen.size < this.#seen.add(value).size;
  }

  #role(role: PdfValue): PdfValue {
    let found = role;
    for (let step = 0; step < MOST_ROLES; step++) {
      const next = this.objects.resolve(this.roles[String(found)]);
      if (typeof next !== 'string' || next === found) break;
      found = next;
    }
    return found;
  }
}

import type { PdfDictionary, PdfValue } from './pdf-objects.js';
import { isTag, type Tag, type TaggedContent, type Tags } from './tag-digest.js';

/** The tags of one source, and where its content is in the new document. */
export interface TagScion {
  tags: Tags;
  /** Index of a page of the source in the new document; undefined when it was not taken. */
  pageOf(page: number): number | undefined;
  /** The annotation that stands for one of the source; undefined when it was dropped. */
  annotationOf(page: number, at: number): string | undefined;
}

/** What is changed in the new document. */
export interface TagSoil {
  /** References of its pages. */
  pages: readonly string[];
  /** Adds an object; `make` gets its reference. */
  add(make: (reference: string) => PdfValue): string;
  /** Sets entries of an object. */
  set(reference: string, entries: PdfDictionary): void;
}

/**
 * What `graftTags` takes of a source whose `pages` stand from index `offset` on, with these annotations on each, by their places in
 * the source. A page that was taken several times has its tags where it came first.
 */
export function tagScion(
  tags: Tags,
  pages: readonly number[],
  offset: number,
  annotations: readonly ReadonlyMap<number, string>[],
): TagScion {
  const first = new Map(pages.map((page, index) => [page, index] as const).reverse());
  return {
    tags,
    pageOf: (page) => {
      const index = first.get(page);
      return index === undefined ? undefined : offset + index;
    },
    annotationOf: (page, at) => annotations[first.get(page) ?? -1]?.get(at),
  };
}

/** Gives a new document the tags of its sources, and answers what its catalog says of them. */
export function graftTags(scions: readonly TagScion[], soil: TagSoil): PdfDictionary {
  const work = new TagGraft(soil);
  const root = soil.add((reference) => {
    const kids = scions.flatMap((scion, index) => work.rootsOf(scion, index, reference));
    return { '/Type': '/StructTreeRoot', '/K': kids, ...work.trees() };
  });
  const language = scions.find(({ tags }) => tags.language)?.tags.language;
  return { '/StructTreeRoot': root, '/MarkInfo': { '/Marked': true }, ...(language ? { '/Lang': language } : {}) };
}

class TagGraft {
  /** By page and number of its marked content, the element that it belongs to. */
  readonly #marked = new Map<number, string[]>();
  readonly #annotations: [annotation: string, element: string][] = [];
  readonly #ids: [id: string, element: string][] = [];

  constructor(private readonly soil: TagSoil) {}

  rootsOf(scion: TagScion, index: number, parent: string): string[] {
    const { roots, language } = scion.tags;
    const taken = roots.filter((tag) => hasContent(tag, scion));
    return taken.map((tag) => {
      const look = language === undefined ? tag.look : { '/Lang': language, ...tag.look };
      return this.#add({ ...tag, look }, scion, `${index}-`, parent);
    });
  }

  /** From content to its element, and from names to theirs. */
  trees(): PdfDictionary {
    const numbers: PdfValue[] = [];
    const next = () => numbers.length / 2;
    for (const [page, elements] of [...this.#marked].sort(([one], [other]) => one - other)) {
      this.soil.set(this.soil.pages[page]!, { '/StructParents': next() });
      numbers.push(
        next(),
        Array.from(elements, (element) => element ?? null),
      );
    }
    for (const [annotation, element] of this.#annotations) {
      this.soil.set(annotation, { '/StructParent': next() });
      numbers.push(next(), element);
    }
    const ids = this.#ids.sort(([one], [other]) => (one < other ? -1 : 1)).flat();
    return {
      '/ParentTree': { '/Nums': numbers },
      '/ParentTreeNextKey': next(),
      ...(ids.length > 0 ? { '/IDTree': { '/Names': ids } } : {}),
    };
  }

  #add({ look, kids }: Tag, scion: TagScion, prefix: string, parent: string): string {
    return this.soil.add((element) => {
      const own = kids.flatMap((kid) => this.#kid(kid, scion, prefix, element));
      const named = withPrefix(look, prefix) as PdfDictionary;
      if (typeof named['/ID'] === 'string') this.#ids.push([named['/ID'], element]);
      return { '/Type': '/StructElem', ...named, '/P': parent, ...(own.length > 0 ? { '/K': own } : {}) };
    });
  }

  #kid(kid: Tag | TaggedContent, scion: TagScion, prefix: string, element: string): PdfValue[] {
    if (isTag(kid)) return isEmpty(kid) || hasContent(kid, scion) ? [this.#add(kid, scion, prefix, element)] : [];
    const page = scion.pageOf(kid.page);
    if (page === undefined) return [];
    const place = { '/Pg': this.soil.pages[page]! };
    if ('mcid' in kid) {
      const elements = this.#marked.get(page) ?? [];
      elements[kid.mcid] = element;
      this.#marked.set(page, elements);
      return [{ '/Type': '/MCR', ...place, '/MCID': kid.mcid }];
    }
    const annotation = scion.annotationOf(kid.page, kid.annotation);
    if (annotation === undefined) return [];
    this.#annotations.push([annotation, element]);
    return [{ '/Type': '/OBJR', ...place, '/Obj': annotation }];
  }
}

/** Whether something of it is on pages that were taken. */
function hasContent(tag: Tag, scion: TagScion): boolean {
  return tag.kids.some((kid) => (isTag(kid) ? hasContent(kid, scion) : scion.pageOf(kid.page) !== undefined));
}

/** As a cell of a table may be from the start. */
function isEmpty({ kids }: Tag): boolean {
  return kids.every((kid) => isTag(kid) && isEmpty(kid));
}

/** Names of elements that are no others': of the element itself, and of the headers that its attributes name. */
function withPrefix(value: PdfValue, prefix: string, key = ''): PdfValue {
  if (typeof value === 'string') return ['/ID', '/Headers'].includes(key) ? prefixed(value, prefix) : value;
  if (Array.isArray(value)) return value.map((part) => withPrefix(part, prefix, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withPrefix(part, prefix, name)]));
}

function prefixed(id: string, prefix: string): string {
  return id.startsWith('b:') ? `b:${Buffer.from(prefix).toString('hex')}${id.slice(2)}` : `u:${prefix}${id.slice(2)}`;
}

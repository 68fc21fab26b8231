import { type ExtractedFile, withOwnNames } from './attached-files.js';
import type { Place } from './destinations.js';
import type { Bookmark, DocumentDigest, Link } from './document-digest.js';
import { graftTags, type TagScion, tagScion } from './graft-tags.js';
import {
  isDictionary,
  isReference,
  type PdfDictionary,
  type PdfDump,
  PdfObjects,
  type PdfValue,
} from './pdf-objects.js';
import { withoutScripts } from './remove-scripts.js';

/** Pages of one document, in the order in which they came into the new one. */
export interface Scion {
  digest: DocumentDigest;
  /** From 1. */
  pages: number[];
  /** Title of a bookmark on the first of them. */
  bookmark?: string;
  /** Files of the document that the new one gets. */
  attachments?: ExtractedFile[];
}

/** How the new document gets what it lost. */
export interface GraftOptions {
  /** `keep`: it has its own; `take`: from the sources; `none`: only the bookmarks on the sources themselves. */
  outline: 'keep' | 'take' | 'none';
}

/** Objects that change, for `qpdf --update-from-json`. */
export type Changes = Record<string, { value: PdfValue } | { stream: { dict: PdfValue; datafile?: string } }>;

/** What becomes of a new document. */
export interface Graft {
  changes: Changes;
  /** Under the names that they have there. */
  attachments: ExtractedFile[];
}

/**
 * Gives a document that was put together from pages the links, bookmarks, attached files and tags that its sources had, and takes scripts and
 * actions that start programs away. qpdf keeps no link from a page to another that was not taken before it.
 */
export function graft(dump: PdfDump, scions: readonly Scion[], { outline }: GraftOptions): Graft {
  const work = new Grafting(dump);
  work.removeScripts();
  let offset = 0;
  const bookmarks: Bookmark[] = [];
  const tagged: TagScion[] = [];
  for (const { digest, pages, bookmark: title } of scions) {
    const moved = movedPages(pages, offset);
    const annotations = pages.map((page, index) => work.setLinks(offset + index, digest.links[page - 1] ?? [], moved));
    const own = outline === 'take' ? digest.outline.flatMap((item) => moveBookmark(item, moved)) : [];
    const place = { page: offset + 1, view: ['/Fit'] };
    bookmarks.push(...(title === undefined ? own : [{ title, open: true, look: {}, place, kids: own }]));
    if (digest.tags) tagged.push(tagScion(digest.tags, pages, offset, annotations));
    offset += pages.length;
  }
  // What is not in the structure of a tagged document is not read out: all of it is tagged, or none.
  if (outline !== 'keep' && tagged.length === scions.length) work.setTags(tagged);
  if (outline !== 'keep') work.setOutline(bookmarks);
  const attachments = withOwnNames(scions.flatMap((scion) => scion.attachments ?? []));
  if (attachments.length > 0) work.setAttachments(attachments);
  return { changes: work.changes, attachments };
}

type Move = (place: Place | undefined) => Place | undefined;

/** A page that was taken several times is where it came first. */
function movedPages(pages: readonly number[], offset: number): Move {
  const positions = new Map<number, number>();
  pages.forEach((page, index) => {
    if (!positions.has(page)) positions.set(page, offset + index + 1);
  });
  return (place) => {
    const page = place && positions.get(place.page);
    return page === undefined ? undefined : { page, view: place!.view };
  };
}

/** A bookmark of a page that was not taken stays while one below it leads somewhere. */
function moveBookmark(item: Bookmark, moved: Move): Bookmark[] {
  const kids = item.kids.flatMap((kid) => moveBookmark(kid, moved));
  const place = moved(item.place);
  return place || item.uri || kids.length > 0 ? [{ ...item, place, kids }] : [];
}

class Grafting {
  readonly changes: Changes = {};
  readonly #objects: PdfObjects;
  #last: number;

  constructor(private readonly dump: PdfDump) {
    this.#objects = new PdfObjects(dump);
    this.#last = dump.qpdf[0].maxobjectid;
  }

  removeScripts(): void {
    for (const [key, { value, stream }] of this.#objects.entries()) {
      const before = stream ? stream.dict : (value ?? null);
      const after = withoutScripts(before);
      if (after !== before) this.changes[key] = stream ? { stream: { dict: after ?? {} } } : { value: after };
    }
  }

  /** Answers the annotations of the page by the places that they had on that of the source. */
  setLinks(index: number, links: readonly Link[], moved: Move): Map<number, string> {
    const annotations = new Map<number, string>();
    const reference = this.dump.pages[index]?.object;
    if (reference === undefined) return annotations;
    const page = this.#current(reference);
    const before = this.#objects.array(page['/Annots']);
    const others = before.filter((one, at) => {
      if (this.#objects.dictionary(one)['/Subtype'] === '/Link') return false;
      if (isReference(one)) annotations.set(at, one);
      return true;
    });
    const added = links.flatMap(({ at, look, place, uri }) => {
      const target = this.#target({ place: moved(place), uri });
      if (!target) return [];
      const link = this.#add({ '/Type': '/Annot', '/Subtype': '/Link', ...look, ...target });
      annotations.set(at, link);
      return [link];
    });
    if (added.length > 0 || others.length < before.length)
      this.#change(reference, { ...page, '/Annots': [...others, ...added] });
    return annotations;
  }

  setTags(scions: readonly TagScion[]): void {
    // The numbers that the sources had say nothing here.
    for (const [key, { value, stream }] of this.#objects.entries()) {
      const dict = stream?.dict ?? value;
      if (!isDictionary(dict) || !('/StructParent' in dict || '/StructParents' in dict)) continue;
      const { '/StructParent': _, '/StructParents': __, ...rest } = this.#current(key.slice('obj:'.length));
      this.changes[key] = stream ? { stream: { dict: rest } } : { value: rest };
    }
    const entries = graftTags(scions, {
      pages: this.dump.pages.map(({ object }) => object),
      add: (make) => {
        const reference = this.#next();
        this.#change(reference, make(reference));
        return reference;
      },
      set: (reference, more) => this.#change(reference, { ...this.#current(reference), ...more }),
    });
    const catalog = this.#objects.catalogReference as string;
    this.#change(catalog, { ...this.#current(catalog), ...entries });
  }

  setOutline(items: readonly Bookmark[]): void {
    const catalog = this.#objects.catalogReference as string;
    const { '/Outlines': _, ...rest } = this.#current(catalog);
    if (items.length === 0) return;
    const root = this.#next();
    const { first, last, shown } = this.#addItems(items, root);
    this.#change(root, { '/Type': '/Outlines', '/First': first, '/Last': last, '/Count': shown });
    this.#change(catalog, { ...rest, '/Outlines': root });
  }

  /** In one sorted leaf (ISO 32000-2, 7.9.6). */
  setAttachments(files: readonly ExtractedFile[]): void {
    const entries = files.map((file) => ({ key: utf16(file.name), spec: this.#addFile(file) }));
    entries.sort((one, other) => (one.key < other.key ? -1 : 1));
    const catalog = this.#objects.catalogReference as string;
    const { '/Names': names, ...rest } = this.#current(catalog);
    const leaf = { '/Names': entries.flatMap(({ key, spec }) => [`b:${key}`, spec]) };
    this.#change(catalog, { ...rest, '/Names': { ...this.#objects.dictionary(names), '/EmbeddedFiles': leaf } });
  }

  #addFile({ name, look, dict, path }: ExtractedFile): string {
    const stream = this.#next();
    this.changes[`obj:${stream}`] = { stream: { dict, datafile: path } };
    // Readers before PDF 1.7 know no other than `F`.
    const names = { '/F': `u:${name.replace(/[^\x20-\x7e]/g, '_')}`, '/UF': `b:${utf16(name)}` };
    return this.#add({ '/Type': '/Filespec', ...names, ...look, '/EF': { '/F': stream, '/UF': stream } });
  }

  #addItems(items: readonly Bookmark[], parent: string): { first: string; last: string; shown: number } {
    const references = items.map(() => this.#next());
    let shown = items.length;
    items.forEach(({ title, open, look, place, uri, kids }, index) => {
      const item: PdfDictionary = {
        '/Title': `u:${title}`,
        '/Parent': parent,
        ...look,
        ...this.#target({ place, uri }),
      };
      if (index > 0) item['/Prev'] = references[index - 1]!;
      if (index + 1 < items.length) item['/Next'] = references[index + 1]!;
      if (kids.length > 0) {
        const below = this.#addItems(kids, references[index]!);
        Object.assign(item, {
          '/First': below.first,
          '/Last': below.last,
          '/Count': open ? below.shown : -below.shown,
        });
        if (open) shown += below.shown;
      }
      this.#change(references[index]!, item);
    });
    return { first: references[0]!, last: references.at(-1)!, shown };
  }

  #target({ place, uri }: Pick<Link, 'place' | 'uri'>): PdfDictionary | undefined {
    if (uri !== undefined) return { '/A': { '/S': '/URI', '/URI': uri } };
    const page = place && this.dump.pages[place.page - 1]?.object;
    return page === undefined ? undefined : { '/Dest': [page, ...place!.view] };
  }

  /** An object as it is with the changes so far. */
  #current(reference: string): PdfDictionary {
    const changed = this.changes[`obj:${reference}`];
    if (!changed) return this.#objects.dictionary(reference);
    return (('value' in changed ? changed.value : changed.stream.dict) as PdfDictionary | null) ?? {};
  }

  #change(reference: string, value: PdfValue): void {
    this.changes[`obj:${reference}`] = { value };
  }

  #add(value: PdfValue): string {
    const reference = this.#next();
    this.#change(reference, value);
    return reference;
  }

  #next(): string {
    this.#last += 1;
    return `${this.#last} 0 R`;
  }
}

/** Hexadecimal, of which the order is that of the bytes. */
function utf16(text: string): string {
  return `feff${Buffer.from(text, 'utf16le').swap16().toString('hex')}`;
}

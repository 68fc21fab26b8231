import { Destinations, type Place } from './destinations.js';
import { type OutlineEntry, type PdfDictionary, type PdfDump, PdfObjects, type PdfValue } from './pdf-objects.js';

/** A link on a page: to a place in the document, or to an address. */
export interface Link {
  /** How it looks, and where it is. */
  look: PdfDictionary;
  place?: Place;
  uri?: string;
}

/** A bookmark. */
export interface Bookmark {
  title: string;
  open: boolean;
  look: PdfDictionary;
  place?: Place;
  uri?: string;
  kids: Bookmark[];
}

/** What a document has beside its pages' content, and what is lost when pages are taken out of it. */
export interface DocumentDigest {
  /** Of each page. */
  links: Link[][];
  outline: Bookmark[];
}

const LINK_LOOK = ['/Rect', '/Border', '/BS', '/C', '/F', '/H', '/QuadPoints', '/Contents'];
const BOOKMARK_LOOK = ['/C', '/F'];

/** Reads links and bookmarks. What runs a script or starts a program is no link, and left out. */
export function digestOf(dump: PdfDump): DocumentDigest {
  const objects = new PdfObjects(dump);
  const destinations = new Destinations(dump);
  const target = ({ '/Dest': dest, '/A': action }: PdfDictionary): Pick<Link, 'place' | 'uri'> => {
    const { '/S': kind, '/D': goal, '/URI': uri } = objects.dictionary(action);
    const address = objects.resolve(uri);
    if (kind === '/URI' && typeof address === 'string') return { uri: address };
    return { place: destinations.place(kind === '/GoTo' ? goal : dest) };
  };
  const linksOf = (page: PdfDictionary): Link[] =>
    objects
      .array(page['/Annots'])
      .map((annotation) => objects.dictionary(annotation))
      .filter((annotation) => annotation['/Subtype'] === '/Link')
      .map((link) => ({ look: lookOf(link, LINK_LOOK, objects), ...target(link) }))
      .filter(({ place, uri }) => place || uri);
  const bookmarkOf = ({ object, title, open, kids }: OutlineEntry): Bookmark => {
    const item = objects.dictionary(object);
    return { title, open, look: lookOf(item, BOOKMARK_LOOK, objects), ...target(item), kids: kids.map(bookmarkOf) };
  };
  return {
    links: dump.pages.map(({ object }) => linksOf(objects.dictionary(object))),
    outline: dump.outlines.map(bookmarkOf),
  };
}

function lookOf(from: PdfDictionary, keys: string[], objects: PdfObjects): PdfDictionary {
  const entries = keys.flatMap((key) => (key in from ? [[key, plain(from[key], objects)] as const] : []));
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

/** A value without references; what is nested deeper than any look is dropped. */
function plain(value: PdfValue | undefined, objects: PdfObjects, depth = 0): PdfValue {
  const found = objects.resolve(value);
  if (depth > 3) return null;
  if (Array.isArray(found)) return found.map((part) => plain(part, objects, depth + 1));
  if (typeof found !== 'object' || found === null) return found;
  return Object.fromEntries(Object.entries(found).map(([key, part]) => [key, plain(part, objects, depth + 1)]));
}

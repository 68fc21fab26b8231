import { type AttachedFile, attachedFiles } from './attached-files.js';
import { Destinations, type Place } from './destinations.js';
import { type OutlineEntry, type PdfDictionary, type PdfDump, PdfObjects } from './pdf-objects.js';
import { plainEntries } from './plain-value.js';

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
  attachments: AttachedFile[];
  /** Whether it has structure for screen readers. */
  tagged: boolean;
}

const LINK_LOOK = ['/Rect', '/Border', '/BS', '/C', '/F', '/H', '/QuadPoints', '/Contents'];
const BOOKMARK_LOOK = ['/C', '/F'];

/** Reads links, bookmarks and attached files. What runs a script or starts a program is no link, and left out. */
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
      .map((link) => ({ look: plainEntries(link, LINK_LOOK, objects), ...target(link) }))
      .filter(({ place, uri }) => place || uri);
  const bookmarkOf = ({ object, title, open, kids }: OutlineEntry): Bookmark => {
    const item = objects.dictionary(object);
    return {
      title,
      open,
      look: plainEntries(item, BOOKMARK_LOOK, objects),
      ...target(item),
      kids: kids.map(bookmarkOf),
    };
  };
  return {
    links: dump.pages.map(({ object }) => linksOf(objects.dictionary(object))),
    outline: dump.outlines.map(bookmarkOf),
    attachments: attachedFiles(objects),
    tagged: '/K' in objects.dictionary(objects.catalog['/StructTreeRoot']),
  };
}

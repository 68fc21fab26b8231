import { type AttachedFile, attachedFiles } from './attached-files.js';
import { Destinations, type Place } from './destinations.js';
import { type OutlineEntry, type PdfDictionary, type PdfDump, PdfObjects } from './pdf-objects.js';
import { plainEntries } from './plain-value.js';
import { type Tags, tagsOf } from './tag-digest.js';

/** A link on a page: to a place in the document, or to an address. */
export interface Link {
  /** Its place among the annotations of its page. */
  at: number;
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
  /** Structure for screen readers, where it has some. */
  tags?: Tags;
}

const LINK_LOOK = ['/Rect', '/Border', '/BS', '/C', '/F', '/H', '/QuadPoints', '/Contents'];
const BOOKMARK_LOOK = ['/C', '/F'];

/** Reads links, bookmarks, attached files and tags. What runs a script or starts a program is no link, and left out. */
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
      .map((annotation, at) => ({ at, link: objects.dictionary(annotation) }))
      .filter(({ link }) => link['/Subtype'] === '/Link')
      .map(({ at, link }) => ({ at, look: plainEntries(link, LINK_LOOK, objects), ...target(link) }))
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
    tags: tagsOf(
      objects,
      dump.pages.map(({ object }) => object),
    ),
  };
}

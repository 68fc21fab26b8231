import type { Element } from '@xmldom/xmldom';

/** The language that XMP is written in. */
export const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';

/** What an RDF says: its descriptions, which XMP has any number of. */
export function descriptions(rdf: Element): Element[] {
  return [...rdf.children].filter(({ namespaceURI, localName }) => namespaceURI === RDF && localName === 'Description');
}

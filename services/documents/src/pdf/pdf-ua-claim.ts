import type { Document, Element } from '@xmldom/xmldom';
import { descriptions, RDF } from './rdf.js';

const XMLNS = 'http://www.w3.org/2000/xmlns/';
/** Namespaces of the claim, and of the schemas that explain it. */
export const UAID = 'http://www.aiim.org/pdfua/ns/id/';
export const EXTENSION = 'http://www.aiim.org/pdfa/ns/extension/';
const SCHEMA = 'http://www.aiim.org/pdfa/ns/schema#';
const PROPERTY = 'http://www.aiim.org/pdfa/ns/property#';

/** Claims PDF/UA-1 (ISO 14289-1, 5), with the schema of that claim, which PDF/A wants of what it does not know itself. */
export function claimUa(document: Document, rdf: Element): void {
  for (const description of descriptions(rdf)) {
    description.removeAttributeNS(UAID, 'part');
    for (const part of [...description.getElementsByTagNameNS(UAID, 'part')]) part.parentNode?.removeChild(part);
  }
  const make = (parent: Element, namespace: string, qualified: string, text?: string): Element => {
    const element = parent.appendChild(document.createElementNS(namespace, qualified)) as Element;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const resource = (list: Element) => {
    const item = make(list, RDF, 'rdf:li');
    item.setAttributeNS(RDF, 'rdf:parseType', 'Resource');
    return item;
  };
  // pdf-lib keeps a description of others by the names that it declares itself.
  const describe = (names: Record<string, string>) => {
    const added = make(rdf, RDF, 'rdf:Description');
    added.setAttributeNS(RDF, 'rdf:about', '');
    for (const [prefix, namespace] of Object.entries(names)) added.setAttributeNS(XMLNS, `xmlns:${prefix}`, namespace);
    return added;
  };
  const claim = describe({ pdfuaid: UAID });
  make(claim, UAID, 'pdfuaid:part', '1');
  const known = [...rdf.getElementsByTagNameNS(SCHEMA, 'namespaceURI')].some(({ textContent }) => textContent === UAID);
  if (known) return;
  const bag =
    rdf.getElementsByTagNameNS(EXTENSION, 'schemas')[0]?.getElementsByTagNameNS(RDF, 'Bag')[0] ??
    make(
      make(
        describe({ pdfaExtension: EXTENSION, pdfaSchema: SCHEMA, pdfaProperty: PROPERTY }),
        EXTENSION,
        'pdfaExtension:schemas',
      ),
      RDF,
      'rdf:Bag',
    );
  const schema = resource(bag);
  make(schema, SCHEMA, 'pdfaSchema:schema', 'PDF/UA Universal Accessibility Schema');
  make(schema, SCHEMA, 'pdfaSchema:namespaceURI', UAID);
  make(schema, SCHEMA, 'pdfaSchema:prefix', 'pdfuaid');
  const property = resource(make(make(schema, SCHEMA, 'pdfaSchema:property'), RDF, 'rdf:Seq'));
  make(property, PROPERTY, 'pdfaProperty:name', 'part');
  make(property, PROPERTY, 'pdfaProperty:valueType', 'Integer');
  make(property, PROPERTY, 'pdfaProperty:category', 'internal');
  make(property, PROPERTY, 'pdfaProperty:description', 'Part of ISO 14289');
}

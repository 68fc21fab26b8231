import { DOMParser, type Document, type Element, XMLSerializer } from '@xmldom/xmldom';
import { claimUa, EXTENSION, UAID } from './pdf-ua-claim.js';
import { descriptions, RDF } from './rdf.js';

/** What a PDF says of itself, as its information dictionary and its XMP both can. */
export interface Description {
  title?: string;
  author?: string;
  subject?: string;
  keywords?: string[];
  creator?: string;
  producer?: string;
  language?: string;
  /** ISO 8601 */
  created?: string;
  modified?: string;
  custom: Record<string, string>;
}

const DC = 'http://purl.org/dc/elements/1.1/';
const PDF = 'http://ns.adobe.com/pdf/1.3/';
const XMP = 'http://ns.adobe.com/xap/1.0/';
const PDFX = 'http://ns.adobe.com/pdfx/1.3/';
const PDFAID = 'http://www.aiim.org/pdfa/ns/id/';
const MAX_LETTERS = 5_000_000;

/** Properties that are written anew, by namespace; of PDFX all. */
const OURS: Record<string, readonly string[]> = {
  [DC]: ['title', 'creator', 'description', 'subject', 'language'],
  [PDF]: ['Keywords', 'Producer'],
  [XMP]: ['CreatorTool', 'CreateDate', 'ModifyDate', 'MetadataDate'],
};
/** What a file conforms to, and the extensions that such a claim needs: no matter of privacy. */
const CLAIMS = [PDFAID, UAID, EXTENSION];
const EMPTY = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="${RDF}"/></x:xmpmeta>`;

/** An XMP packet (ISO 16684-1) that can be read and written. */
export class XmpPacket {
  private constructor(
    private readonly document: Document,
    private readonly rdf: Element,
  ) {}

  /** Undefined when it is no XMP. */
  static parse(bytes: Uint8Array): XmpPacket | undefined {
    const utf16 = bytes[0] === 0xfe || bytes[0] === 0xff;
    const text = new TextDecoder(utf16 ? (bytes[0] === 0xfe ? 'utf-16be' : 'utf-16le') : 'utf-8').decode(bytes);
    return text.length > MAX_LETTERS ? undefined : XmpPacket.#from(text.replaceAll('\0', '').trim());
  }

  static empty(): XmpPacket {
    return XmpPacket.#from(EMPTY)!;
  }

  static #from(text: string): XmpPacket | undefined {
    try {
      // An error ends it: half a packet would be written back as a whole one.
      const parser = new DOMParser({ onError: (level, message) => fail(level, message) });
      const document = parser.parseFromString(text, 'application/xml');
      const rdf = document.getElementsByTagNameNS(RDF, 'RDF')[0];
      return rdf && new XmpPacket(document, rdf);
    } catch {
      return undefined;
    }
  }

  /** Such as `PDF/A-3B`, when it claims that. */
  get conformance(): string | undefined {
    const part = this.#text(PDFAID, 'part');
    return part && `PDF/A-${part}${this.#text(PDFAID, 'conformance')?.toUpperCase() ?? ''}`;
  }

  /** Such as `PDF/UA-1`, when it claims that. */
  get accessibility(): string | undefined {
    const part = this.#text(UAID, 'part');
    return part && `PDF/UA-${part}`;
  }

  /** Claims PDF/UA-1. */
  claimAccessibility(): void {
    claimUa(this.document, this.rdf);
  }

  describe(): Description {
    const keywords = this.#text(PDF, 'Keywords');
    return {
      title: this.#text(DC, 'title'),
      author: this.#items(DC, 'creator')?.join('; '),
      subject: this.#text(DC, 'description'),
      keywords: keywords === undefined ? this.#items(DC, 'subject') : splitKeywords(keywords),
      creator: this.#text(XMP, 'CreatorTool'),
      producer: this.#text(PDF, 'Producer'),
      language: this.#text(DC, 'language'),
      created: this.#text(XMP, 'CreateDate'),
      modified: this.#text(XMP, 'ModifyDate'),
      custom: Object.fromEntries(
        this.#properties(PDFX).map(({ localName, textContent }) => [keyOf(localName), textContent ?? '']),
      ),
    };
  }

  /** Says this and nothing else of it; `clear` leaves nothing of the rest but what the file claims to conform to. */
  write(next: Description, { clear }: { clear: boolean }): void {
    for (const description of descriptions(this.rdf)) {
      for (const property of [...description.children]) if (goes(property, clear)) description.removeChild(property);
      for (const attribute of [...description.attributes]) {
        const named =
          attribute.namespaceURI && ![RDF, 'http://www.w3.org/2000/xmlns/'].includes(attribute.namespaceURI);
        if (named && goes(attribute, clear)) description.removeAttributeNode(attribute);
      }
    }
    const added = this.document.createElementNS(RDF, 'rdf:Description');
    added.setAttributeNS(RDF, 'rdf:about', '');
    const add = (namespace: string, name: string, value: string | undefined, list?: 'Alt' | 'Bag' | 'Seq') => {
      if (value !== undefined) this.#add(added, namespace, name, [value], list);
    };
    add(DC, 'dc:title', next.title, 'Alt');
    add(DC, 'dc:creator', next.author, 'Seq');
    add(DC, 'dc:description', next.subject, 'Alt');
    if (next.keywords) this.#add(added, DC, 'dc:subject', next.keywords, 'Bag');
    add(PDF, 'pdf:Keywords', next.keywords?.join(', '));
    add(DC, 'dc:language', next.language, 'Bag');
    add(XMP, 'xmp:CreatorTool', next.creator);
    add(PDF, 'pdf:Producer', next.producer);
    add(XMP, 'xmp:CreateDate', next.created);
    add(XMP, 'xmp:ModifyDate', next.modified);
    for (const [key, value] of Object.entries(next.custom)) add(PDFX, `pdfx:${xmlName(key)}`, value);
    if (added.firstChild) this.rdf.appendChild(added);
  }

  /** UTF-8, with the wrapper that lets programs find it. */
  bytes(): Uint8Array {
    const root = new XMLSerializer().serializeToString(this.document.documentElement!);
    const packet = `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n${root}\n<?xpacket end="w"?>`;
    return new TextEncoder().encode(packet);
  }

  #add(to: Element, namespace: string, name: string, values: readonly string[], list?: 'Alt' | 'Bag' | 'Seq'): void {
    const property = this.document.createElementNS(namespace, name);
    to.appendChild(property);
    if (!list) {
      property.textContent = values[0]!;
      return;
    }
    const container = this.document.createElementNS(RDF, `rdf:${list}`);
    property.appendChild(container);
    for (const value of values) {
      const item = this.document.createElementNS(RDF, 'rdf:li');
      if (list === 'Alt') item.setAttribute('xml:lang', 'x-default');
      item.textContent = value;
      container.appendChild(item);
    }
  }

  #properties(namespace: string): { localName: string; textContent: string | null; element?: Element }[] {
    return descriptions(this.rdf).flatMap((description) => [
      ...[...description.attributes]
        .filter((attribute) => attribute.namespaceURI === namespace)
        .map((attribute) => ({ localName: attribute.localName!, textContent: attribute.value })),
      ...[...description.children]
        .filter((child) => child.namespaceURI === namespace)
        .map((element) => ({ localName: element.localName!, textContent: element.textContent, element })),
    ]);
  }

  #items(namespace: string, name: string): string[] | undefined {
    const property = this.#properties(namespace).find(({ localName }) => localName === name);
    if (!property) return undefined;
    const items = [...(property.element?.getElementsByTagNameNS(RDF, 'li') ?? [])].map(
      (item) => item.textContent ?? '',
    );
    const values = (items.length > 0 ? items : [property.textContent ?? '']).map((item) => item.trim()).filter(Boolean);
    return values.length > 0 ? values : undefined;
  }

  #text(namespace: string, name: string): string | undefined {
    return this.#items(namespace, name)?.[0];
  }
}

/** Keys as Adobe's programs write them into XMP: U+2182 and four hexadecimal digits for what is not of an XML name. */
function xmlName(key: string): string {
  const escaped = (letter: string) => `\u2182${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return key.replace(/[^A-Za-z0-9_.-]/g, escaped).replace(/^[0-9.-]/, escaped);
}

function keyOf(name: string): string {
  return name.replace(/\u2182([0-9A-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Words between commas or semicolons. */
export function splitKeywords(keywords: string): string[] {
  return keywords
    .split(/[,;]/)
    .map((word) => word.trim())
    .filter(Boolean);
}

function goes(
  { namespaceURI, localName }: { namespaceURI: string | null; localName: string | null },
  clear: boolean,
): boolean {
  const namespace = namespaceURI ?? '';
  if (namespace === PDFX || OURS[namespace]?.includes(localName ?? '')) return true;
  return clear && !CLAIMS.includes(namespace);
}

function fail(level: string, message: string): void {
  if (level !== 'warning') throw new SyntaxError(message);
}

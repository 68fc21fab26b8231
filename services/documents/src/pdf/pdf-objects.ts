/** The objects of a PDF as `qpdf --json` writes them (version 2): names begin with `/`, texts with `u:` or `b:`. */
export type PdfValue = null | boolean | number | string | PdfValue[] | PdfDictionary;
export type PdfDictionary = { [key: string]: PdfValue };

/** One bookmark as qpdf tells of it, with named destinations resolved. */
export interface OutlineEntry {
  object: string;
  title: string;
  open: boolean;
  dest: PdfValue;
  destpageposfrom1: number | null;
  kids: OutlineEntry[];
}

/** A stream; `datafile` is where its bytes were written, if they were. */
export interface PdfStream {
  dict: PdfDictionary;
  datafile?: string;
}

/** What is read of a dump. */
export interface PdfDump {
  pages: { object: string }[];
  outlines: OutlineEntry[];
  qpdf: [{ maxobjectid: number }, Record<string, { value?: PdfValue; stream?: PdfStream }>];
}

const REFERENCE = /^\d+ \d+ R$/;

/** Looks things up in a dump. */
export class PdfObjects {
  readonly #objects: PdfDump['qpdf'][1];

  constructor({ qpdf }: PdfDump) {
    this.#objects = qpdf[1];
  }

  /** What a value is, or refers to; null for what is not there. */
  resolve(value: PdfValue | undefined): PdfValue {
    if (!isReference(value)) return value ?? null;
    const { value: found, stream } = this.#objects[`obj:${value}`] ?? {};
    return found ?? stream?.dict ?? null;
  }

  dictionary(value: PdfValue | undefined): PdfDictionary {
    const found = this.resolve(value);
    return isDictionary(found) ? found : {};
  }

  array(value: PdfValue | undefined): PdfValue[] {
    const found = this.resolve(value);
    return Array.isArray(found) ? found : [];
  }

  isStream(reference: string): boolean {
    return this.#objects[`obj:${reference}`]?.stream !== undefined;
  }

  get catalog(): PdfDictionary {
    return this.dictionary(this.catalogReference);
  }

  get catalogReference(): PdfValue {
    return this.dictionary(this.#objects.trailer?.value)['/Root'] ?? null;
  }

  entries(): [string, { value?: PdfValue; stream?: PdfStream }][] {
    return Object.entries(this.#objects).filter(([key]) => key.startsWith('obj:'));
  }
}

export function isReference(value: unknown): value is string {
  return typeof value === 'string' && REFERENCE.test(value);
}

export function isDictionary(value: PdfValue | undefined): value is PdfDictionary {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

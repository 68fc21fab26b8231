/**
 * What runs in a process of its own: everything that reads the structure of a document. A document that has too much of it
 * fills the memory of that process and of no other.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { extracted, sizeOf } from './attached-files.js';
import { type DocumentDigest, digestOf } from './document-digest.js';
import { type GraftOptions, graft } from './graft.js';
import type { PdfDictionary, PdfDump } from './pdf-objects.js';
import { withoutScripts } from './remove-scripts.js';

/** What is told of a document whose digest was written. */
export interface DigestSummary {
  /** Whether it has links, bookmarks or scripts, so that pages taken out of it need more than qpdf does. */
  structured: boolean;
  /** Of the first level, those that lead to a page. */
  bookmarks: { title: string; page: number }[];
  /** Streams of the files that are attached to it, by reference. */
  attachments: string[];
  /** Whether it has structure for screen readers. */
  tagged: boolean;
}

/** Reads the dump of a document and writes its digest. */
export function digest({ dump, to }: { dump: string; to: string }): DigestSummary {
  const parsed = read<PdfDump>(dump);
  const found = digestOf(parsed);
  writeFileSync(to, JSON.stringify(found));
  const bookmarks = found.outline.flatMap(({ title, place }) => (place ? [{ title, page: place.page }] : []));
  const objects = parsed.qpdf[1] as unknown as Parameters<typeof withoutScripts>[0];
  const structured =
    found.outline.length > 0 || found.links.some((links) => links.length > 0) || withoutScripts(objects) !== objects;
  const attachments = [...new Set(found.attachments.map(({ stream }) => stream))];
  return { structured, bookmarks, attachments, tagged: found.tags !== undefined };
}

/** What {@link graftStructure} works on: files with dumps and digests. */
export interface GraftTask extends GraftOptions {
  dump: string;
  scions: { digest: string; pages: number[]; bookmark?: string; streams?: string }[];
  to: string;
}

/** What {@link graftStructure} did. */
export interface Grafted {
  /** Whether there is anything to change. */
  changed: boolean;
  attachments: { name: string; size?: number }[];
}

/** That of a document that is cut into many is read once. */
let latest: { path: string; digest: DocumentDigest } | undefined;

/** Writes what qpdf is to change in a document. */
export function graftStructure({ dump, scions, to, outline }: GraftTask): Grafted {
  const parsed = read<PdfDump>(dump);
  const digests = new Map<string, DocumentDigest>();
  const loaded = scions.map(({ streams, digest: path, ...scion }) => {
    const own = digests.get(path) ?? (path === latest?.path ? latest.digest : read<DocumentDigest>(path));
    digests.set(path, own);
    latest = { path, digest: own };
    const attachments = streams === undefined ? [] : extracted(own.attachments, read<PdfDump>(streams));
    return { ...scion, digest: own, attachments };
  });
  const { changes, ...made } = graft(parsed, loaded, { outline });
  const attachments = made.attachments.map((file) => ({ name: file.name, size: sizeOf(file) }));
  if (Object.keys(changes).length === 0) return { changed: false, attachments };
  const { qpdf, ...rest } = parsed as PdfDump & Record<string, unknown>;
  const header = { ...qpdf[0], maxobjectid: qpdf[0].maxobjectid + Object.keys(changes).length };
  writeFileSync(to, JSON.stringify({ version: rest.version, qpdf: [header, changes] }));
  return { changed: true, attachments };
}

/** A stream that others bytes replace. */
export interface ReplacedStream {
  /** Its reference. */
  object: string;
  /** Where the bytes are, coded as its dictionary then says. */
  path: string;
  /** What its dictionary says now; null for what it no longer says. */
  entries: PdfDictionary;
}

/** Writes what qpdf is to change in a document of which `dump` has the streams. */
export function replaceStreams({ dump, streams, to }: { dump: string; streams: ReplacedStream[]; to: string }): void {
  const { qpdf, ...rest } = read<PdfDump>(dump);
  const changes = streams.map(({ object, path, entries }) => {
    const dict = { ...qpdf[1][`obj:${object}`]?.stream?.dict, ...entries };
    const said = Object.entries(dict).filter(([, value]) => value !== null);
    return [`obj:${object}`, { stream: { dict: Object.fromEntries(said), datafile: path } }] as const;
  });
  writeFileSync(to, JSON.stringify({ ...rest, qpdf: [qpdf[0], Object.fromEntries(changes)] }));
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

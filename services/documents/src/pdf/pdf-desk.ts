import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Rejected } from '@tandem/messaging/outcome';
import type { GraftOptions } from './graft.js';
import { qpdfRange } from './page-selection.js';
import type { Qpdf, QpdfJob } from './run-qpdf.js';
import type { DigestSummary, ReplacedStream } from './structure-process.js';
import type { StructureProcesses } from './structure-processes.js';

/** A PDF on this machine that was looked at. */
export interface OpenedPdf {
  path: string;
  password?: string;
  /** How many it really has. */
  pages: number;
  encrypted: boolean;
  /** Bytes. */
  size: number;
  /** Where the request names it: `source`, `sources/2`. */
  field: string;
}

/** What a document has beside the content of its pages, in a file on the desk. */
export interface Digest extends DigestSummary {
  file: string;
  /** A file with where the bytes of attached files are, when they were asked for and are there. */
  streams?: string;
}

/** Pages that are taken from a document. */
export interface Cutting {
  pdf: OpenedPdf;
  digest: Digest;
  pages: number[];
  bookmark?: string;
}

/** A PDF that was made. */
export interface MadePdf {
  data: Buffer;
  pages: number;
}

/** One of pages of others. */
export interface AssembledPdf extends MadePdf {
  attachments: { name: string; size?: number }[];
}

/** A draft of a document, and where and until when it is worked on. */
export interface DraftOnDesk extends Pick<OpenedPdf, 'path' | 'password'>, Pick<DeskTools, 'folder' | 'deadline'> {}

/** What works at a desk. */
export interface DeskTools {
  folder: string;
  qpdf: Qpdf;
  structure: StructureProcesses;
  signal: AbortSignal;
  /** When all work at it ends at the latest (`performance.now()`). */
  deadline: number;
}

/** A dump above it, in megabytes, takes more memory and time than its links are worth. */
const DUMP_MB = 64;
const DUMP = {
  json: '2',
  jsonKey: ['qpdf', 'outlines', 'pages'],
  jsonStreamData: 'none',
  decodeLevel: 'none',
};
/** Files of one document that are taken over. */
const MOST_ATTACHED = 1_000;
const JOINED = 'The new document';
const WRITING = { objectStreams: 'generate' };
/** The same input gives the same bytes. Where they are encrypted, they are random anyhow. */
const SAME_ID = { deterministicId: '' };

/** Where the PDFs of one job are worked on: in a private folder. */
export class PdfDesk {
  constructor(private readonly tools: DeskTools) {}

  /** Writes a document anew, with the options of `job`. It stays encrypted unless they say otherwise. */
  async rewrite(pdf: OpenedPdf, job: QpdfJob): Promise<MadePdf> {
    const id = (pdf.encrypted && !('decrypt' in job)) || 'encrypt' in job ? {} : SAME_ID;
    return this.#take(await this.#write({ ...inputOf(pdf), ...WRITING, ...id, ...job }, whatOf(pdf)), pdf.pages);
  }

  /** A draft of a document with streams in place of those that `replace` finds in it: it names them as they are in that draft. */
  async replaceStreams(
    pdf: OpenedPdf,
    replace: (draft: DraftOnDesk) => Promise<ReplacedStream[]>,
  ): Promise<{ pdf: OpenedPdf; replaced: number }> {
    const { structure, folder, deadline } = this.tools;
    const path = await this.#write({ ...inputOf(pdf), ...WRITING }, whatOf(pdf));
    const draft = { ...pdf, path };
    const streams = await replace({ path, password: pdf.password, folder, deadline });
    if (streams.length === 0) return { pdf, replaced: 0 };
    const dump = await this.#dump(
      { ...inputOf(draft), ...objectsOf(streams.map(({ object }) => object)) },
      whatOf(pdf),
    );
    const to = this.#path('json');
    await structure.run('replaceStreams', { dump, streams, to }, this.tools);
    const changed = await this.#write({ ...inputOf(draft), ...WRITING, updateFromJson: to }, whatOf(pdf));
    await Promise.all([dump, to, path].map((file) => rm(file)));
    return { pdf: { ...pdf, path: changed }, replaced: streams.length };
  }

  /** Reads links, bookmarks and, where they are wanted, attached files of a document, for {@link Cutting}. */
  async digest(pdf: OpenedPdf, { attachments = false } = {}): Promise<Digest> {
    const { structure } = this.tools;
    const dump = await this.#dump(inputOf(pdf), whatOf(pdf));
    const to = this.#path('json');
    const summary = await structure.run('digest', { dump, to }, this.tools);
    await rm(dump);
    const streams = attachments && summary.attachments.length > 0 ? await this.#extract(pdf, summary) : undefined;
    return { ...summary, file: to, streams };
  }

  /**
   * A new document of pages of others: not encrypted, and without scripts and actions that start programs. `draft` has the pages
   * where they lie together already, see {@link cutEvery}.
   */
  async assemble(cuttings: readonly Cutting[], outline: 'take' | 'none', draft?: string): Promise<AssembledPdf> {
    const pages = draft ?? (await this.#join(cuttings));
    const count = cuttings.reduce((sum, { pages: taken }) => sum + taken.length, 0);
    if (cuttings.every(({ digest, bookmark }) => !digest.structured && !digest.tagged && !digest.streams && !bookmark))
      return { ...(await this.#take(pages, count)), attachments: [] };
    const { path, attachments } = await this.#graft({ inputFile: pages, ...SAME_ID }, cuttings, outline, JOINED);
    return { ...(await this.#take(path, count)), attachments };
  }

  /** Drafts of `every` pages each for {@link assemble}, by one run. */
  async cutEvery({ path: file, password, ...pdf }: OpenedPdf, every: number): Promise<string[]> {
    const { qpdf, folder, signal, deadline } = this.tools;
    const parts = join(folder, randomUUID());
    await mkdir(parts);
    const pages = [{ file, password, range: `1-${pdf.pages}` }];
    const job = {
      empty: '',
      pages,
      splitPages: String(every),
      outputFile: join(parts, '%d.pdf'),
      ...WRITING,
      ...SAME_ID,
    };
    await qpdf.run(job, { folder, signal, what: whatOf(pdf), deadline });
    // qpdf names them by their pages, with as many digits as the last one needs.
    return (await readdir(parts)).sort().map((name) => join(parts, name));
  }

  /** A document with form fields and annotations drawn into its pages, its links kept, and without scripts. */
  async flatten(pdf: OpenedPdf): Promise<MadePdf> {
    const digest = await this.digest(pdf);
    const drawn = { generateAppearances: '', flattenAnnotations: 'all' };
    const draft = await this.#write({ ...inputOf(pdf), ...drawn }, whatOf(pdf));
    const pages = Array.from({ length: pdf.pages }, (_, index) => index + 1);
    const input = { ...inputOf(pdf), inputFile: draft, ...(pdf.encrypted ? {} : SAME_ID) };
    const { path } = await this.#graft(input, [{ pdf, digest, pages }], 'keep', whatOf(pdf));
    return this.#take(path, pdf.pages);
  }

  async #join(cuttings: readonly Cutting[]): Promise<string> {
    const pages = cuttings.map(({ pdf: { path: file, password }, pages: taken }) => ({
      file,
      password,
      range: qpdfRange(taken),
    }));
    return this.#write({ empty: '', pages, ...WRITING, ...SAME_ID }, JOINED);
  }

  async #graft(
    { inputFile, password, ...id }: QpdfJob,
    cuttings: readonly Cutting[],
    outline: GraftOptions['outline'],
    what: string,
  ): Promise<{ path: string } & Pick<AssembledPdf, 'attachments'>> {
    const { structure } = this.tools;
    const input = { inputFile, password };
    const dump = await this.#dump(input, what);
    const to = this.#path('json');
    const scions = cuttings.map(({ digest, pages, bookmark }) => ({
      digest: digest.file,
      streams: digest.streams,
      pages,
      bookmark,
    }));
    const { changed, attachments } = await structure.run('graftStructure', { dump, scions, to, outline }, this.tools);
    await rm(dump);
    const path = await this.#write({ ...input, ...id, ...WRITING, ...(changed ? { updateFromJson: to } : {}) }, what);
    await Promise.all([rm(to, { force: true }), rm(inputFile as string)]);
    return { path, attachments };
  }

  /** Writes the bytes of attached files into files, packed as they are. */
  async #extract(pdf: OpenedPdf, { attachments }: DigestSummary): Promise<string> {
    if (attachments.length > MOST_ATTACHED) {
      const detail = `${whatOf(pdf)} has ${attachments.length} attached files; ${MOST_ATTACHED} can be taken. Send "attachments": false to leave them out.`;
      throw new Rejected('document_failed', detail);
    }
    const bytes = { jsonStreamData: 'file', jsonStreamPrefix: join(this.tools.folder, randomUUID()) };
    const streams = { ...objectsOf(attachments), ...bytes };
    return this.#write({ ...inputOf(pdf), ...streams }, `The attached files of ${whatOf(pdf).toLowerCase()}`, 'json');
  }

  async #dump(input: QpdfJob, what: string): Promise<string> {
    return this.#write({ ...DUMP, ...input }, `The structure of ${what.toLowerCase()}`, 'json', DUMP_MB);
  }

  async #write(job: QpdfJob, what: string, extension = 'pdf', fileMb?: number): Promise<string> {
    const { qpdf, folder, signal, deadline } = this.tools;
    const outputFile = this.#path(extension);
    await qpdf.run({ ...job, outputFile }, { folder, signal, what, deadline, fileMb });
    return outputFile;
  }

  async #take(path: string, pages: number): Promise<MadePdf> {
    const data = await readFile(path);
    await rm(path);
    return { data, pages };
  }

  #path(extension: string): string {
    return join(this.tools.folder, `${randomUUID()}.${extension}`);
  }
}

/** A dump of these objects alone. */
function objectsOf(references: readonly string[]): QpdfJob {
  const objects = references.map((reference) => reference.replace(/^(\d+) (\d+) R$/, '$1,$2'));
  return { json: '2', jsonKey: ['qpdf'], jsonObject: objects, jsonStreamData: 'none', decodeLevel: 'none' };
}

function inputOf({ path: inputFile, password }: OpenedPdf): QpdfJob {
  return { inputFile, password };
}

/** How a sentence about it begins. */
export function whatOf({ field }: Pick<OpenedPdf, 'field'>): string {
  return field === 'source' ? 'The document' : `The document ${field}`;
}

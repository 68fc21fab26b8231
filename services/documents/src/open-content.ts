import { readFile } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { InputOf } from '@tandem/contracts/command';
import type { RenderDocument } from '@tandem/contracts/documents';
import type { SupabasePath } from '@tandem/contracts/file-source';
import { SourceFiles } from '@tandem/job-files/source-files';
import type { JobContext } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import { makeMarkdownPage } from './render/make-markdown-page.js';
import type { Asset, PageContent } from './render/page-content.js';
import { TemplateFiller } from './templates/template-filler.js';
import { templatePage } from './templates/template-page.js';
import type { TemplateSource } from './templates/template-source.js';
import { TEMPLATES } from './tokens.js';

type Whole = InputOf<typeof RenderDocument>;
type Input = Pick<Whole, 'source' | 'data' | 'assets' | 'load'> & Partial<Pick<Whole, 'format' | 'pdf'>>;
type Job = Pick<JobContext, 'tenant' | 'objects' | 'supabase'>;

/** All assets of a job together: they are in memory while it is made, and once more on their way to the browser. */
const MAX_ASSET_BYTES = 100_000_000;
/** Most bytes of a page that is a file: what is larger is no page, and Chromium would choke on it. */
const MAX_PAGE_BYTES = 20_000_000;

/** Finds what a document is made from, whatever names it. */
@Injectable()
export class ContentSource {
  constructor(
    @Inject(SourceFiles) private readonly files: SourceFiles,
    @Inject(TEMPLATES) private readonly templates: TemplateSource,
    @Inject(TemplateFiller) private readonly filler: TemplateFiller,
  ) {}

  /** Throws `Rejected` for what is gone, cannot be read as a page, or does not fit its template. */
  async open(input: Input, job: Job, signal: AbortSignal): Promise<PageContent> {
    const { source, data, assets = {}, load, format = 'pdf', pdf } = input;
    if (source.url) return { url: source.url };
    const own = await this.#assets(assets, job, signal);
    if (source.template) {
      const bundle = await this.templates.get(job.tenant, source.template, signal);
      const page = await this.filler.fill(bundle, data ?? {}, {
        locale: load?.locale,
        timeZone: load?.timeZone,
        page: format === 'pdf' ? templatePage(bundle, pdf) : null,
        signal,
      });
      // The logo of a job goes before that of its template.
      return { ...page, assets: new Map([...page.assets, ...own]) };
    }
    if (source.html) return { html: source.html, assets: own };
    const markdownOptions = { assets: own, lang: load?.locale, signal };
    if (source.markdown) return makeMarkdownPage(source.markdown, markdownOptions);
    const { text, markdown } = await this.#page(source, job, signal);
    return markdown ? makeMarkdownPage(text, markdownOptions) : { html: text, assets: own };
  }

  async #page(
    { object, supabase }: { object?: string; supabase?: SupabasePath },
    job: Job,
    signal: AbortSignal,
  ): Promise<{ text: string; markdown: boolean }> {
    await using file = await this.files.open({ object, supabase }, job, signal);
    const bytes = await readFile(file.path, { signal });
    if (bytes.length > MAX_PAGE_BYTES) {
      const detail = `The source has ${bytes.length} bytes; a page may have ${MAX_PAGE_BYTES}. Send images and fonts as assets.`;
      throw new Rejected('payload_too_large', detail);
    }
    const type = object ? (job.objects[object]?.type ?? '') : '';
    const text = decode(bytes);
    return { text, markdown: isMarkdown(type, supabase?.path ?? '', text) };
  }

  async #assets(assets: Record<string, string>, job: Job, signal: AbortSignal): Promise<Map<string, Asset>> {
    const bytes = Object.values(assets).reduce((sum, id) => sum + (job.objects[id]?.size ?? 0), 0);
    if (bytes > MAX_ASSET_BYTES) {
      const detail = `assets: they have ${bytes} bytes; all together may have ${MAX_ASSET_BYTES}. Send smaller images.`;
      throw new Rejected('payload_too_large', detail);
    }
    const read = async ([path, id]: [string, string]): Promise<[string, Asset]> => {
      const object = job.objects[id];
      await using file = await this.files.openObject(object, signal);
      return [path, { type: typeOf(path) ?? object!.type, bytes: await readFile(file.path, { signal }) }];
    };
    return new Map(await Promise.all(Object.entries(assets).map(read)));
  }
}

/** Text of a file: UTF-8, or UTF-16 where its first bytes say so. Another charset would need to be guessed. */
function decode(bytes: Buffer): string {
  const charset =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Rejected(
      'document_unreadable',
      'The source is not text in UTF-8. Save it as UTF-8 and upload it again.',
      { cause },
    );
  }
}

/** By its media type; by its name, and by whether it begins with a tag, where the type says no more than that it is text. */
function isMarkdown(type: string, path: string, text: string): boolean {
  if (/^text\/markdown/i.test(type)) return true;
  if (/html/i.test(type)) return false;
  if (/\.(?:md|markdown)$/i.test(path)) return true;
  if (/\.x?html?$/i.test(path)) return false;
  return !text.trimStart().startsWith('<');
}

/** Style sheets are uploaded as plain text by many clients, and a browser takes none of that type. */
function typeOf(path: string): string | undefined {
  const extension = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  return { css: 'text/css', js: 'text/javascript', mjs: 'text/javascript', svg: 'image/svg+xml' }[extension];
}

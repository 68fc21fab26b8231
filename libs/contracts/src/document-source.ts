import { z } from 'zod';
import { SupabasePath } from './file-source.js';
import type { ObjectReference } from './object.js';
import type { SupabaseRead } from './supabase-grants.js';
import { TemplateName } from './template.js';

/** Text in a request; what is longer is uploaded as an object. */
const InlineText = z.string().min(1).max(500_000);

/** What a document is made from: exactly one of the six. */
export const DocumentSource = z
  .strictObject({
    template: TemplateName.optional().meta({ description: 'Filled with `data`', example: 'quote' }),
    html: InlineText.optional(),
    markdown: InlineText.optional().meta({ description: 'CommonMark with tables, set in a plain style' }),
    object: z.uuid().optional().meta({ description: 'Id of an uploaded HTML or Markdown file' }),
    supabase: SupabasePath.optional().meta({ description: 'An HTML or Markdown file in your Supabase Storage' }),
    url: z
      .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
      .max(2_048)
      .optional()
      .meta({ description: 'Opened by the browser, through egress; private networks are refused' }),
  })
  .refine((source) => Object.values(source).filter((value) => value !== undefined).length === 1, {
    message: 'name exactly one of template, html, markdown, object, supabase and url',
  });
export type DocumentSource = z.infer<typeof DocumentSource>;

/** Files that the document uses, by the relative path that it uses them by. */
export const DocumentAssets = z
  .record(
    z
      .string()
      .max(200)
      .regex(
        /^(?!.*(?:^|\/)\.\.?(?:\/|$))[\w][\w.@/-]*$/,
        'must be a relative path of letters, digits, "-", "_", "." and "/"',
      ),
    z.uuid(),
  )
  .refine((assets) => Object.keys(assets).length <= 100, { message: 'at most 100 assets' });
export type DocumentAssets = z.infer<typeof DocumentAssets>;

const PAGES = ['text/html', 'application/xhtml+xml', 'text/markdown', 'text/plain'];
const ASSETS = ['text/', 'image/', 'font/', 'application/'];

/** The objects that a source and its assets name, for `CommandOptions.reads`. */
export function documentObjects(source: DocumentSource, assets: DocumentAssets = {}): ObjectReference[] {
  return [
    ...(source.object ? [{ id: source.object, pointer: '/source/object', accepts: PAGES }] : []),
    ...Object.entries(assets).map(([path, id]) => ({
      id,
      pointer: `/assets/${path.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      accepts: ASSETS,
    })),
  ];
}

/** The file in Supabase Storage that a source names, for `CommandOptions.supabaseReads`. */
export function documentFile({ supabase }: DocumentSource): SupabaseRead[] {
  return supabase ? [{ ...supabase, pointer: '/source/supabase' }] : [];
}

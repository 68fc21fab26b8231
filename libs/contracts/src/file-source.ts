import { z } from 'zod';
import type { ObjectReference } from './object.js';
import type { SupabaseRead, SupabaseWrite } from './supabase-grants.js';

/** Where the extension is another word than the format. */
const EXTENSIONS: Record<string, string> = { jpeg: 'jpg', plain: 'txt' };

/** A file in Supabase Storage. */
export const SupabasePath = z.strictObject({
  bucket: z.string().min(1).max(100),
  path: z.string().min(1).max(1_024).meta({ example: 'avatars/awa.jpg' }),
});
export type SupabasePath = z.infer<typeof SupabasePath>;

/** Where a command finds a file that it works on: exactly one of the three. */
export const FileSource = z
  .strictObject({
    object: z.uuid().optional().meta({ description: 'Id of an uploaded object' }),
    url: z
      .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
      .max(2_048)
      .optional()
      .meta({ description: 'Fetched by the worker; addresses of private networks are refused' }),
    supabase: SupabasePath.optional().meta({
      description: 'A file in your Supabase Storage; your row-level security decides whether you may read it',
    }),
  })
  .refine((source) => Object.values(source).filter((value) => value !== undefined).length === 1, {
    message: 'name exactly one of object, url and supabase',
  });
export type FileSource = z.infer<typeof FileSource>;

/** Where results are stored besides the object store. */
export const ResultStore = z.strictObject({
  supabase: z
    .strictObject({
      ...SupabasePath.shape,
      upsert: z.boolean().default(false).meta({ description: 'Replace files that are there already' }),
    })
    .meta({
      description: 'Files go to path/<name>.<ext>; your row-level security decides whether you may write them',
    }),
});
export type ResultStore = z.infer<typeof ResultStore>;

/** The object that a source names, for `CommandOptions.reads`, with the media types that the command takes. */
export function sourceObject(
  { object }: FileSource,
  accepts: readonly string[],
  pointer = '/source',
): ObjectReference[] {
  return object ? [{ id: object, pointer: `${pointer}/object`, accepts }] : [];
}

/** The file in Supabase Storage that a source names, for `CommandOptions.supabaseReads`. */
export function sourceFile({ supabase }: FileSource, pointer = '/source'): SupabaseRead[] {
  return supabase ? [{ ...supabase, pointer: `${pointer}/supabase` }] : [];
}

/** Where a result is written in Supabase Storage. A `format` is what follows the slash in its media type. */
export function storedFile(store: ResultStore, name: string, format: string): SupabaseWrite {
  const { bucket, path, upsert } = store.supabase;
  const extension = EXTENSIONS[format] ?? format;
  return { bucket, path: `${path.replace(/\/+$/, '')}/${name}.${extension}`, upsert, pointer: '/store/supabase' };
}

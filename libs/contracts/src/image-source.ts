import { z } from 'zod';
import type { ImageFormat } from './image-options.js';
import type { ObjectReference } from './object.js';
import type { SupabaseRead, SupabaseWrite } from './supabase-grants.js';

/** A file in Supabase Storage. */
export const SupabasePath = z.strictObject({
  bucket: z.string().min(1).max(100),
  path: z.string().min(1).max(1_024).meta({ example: 'avatars/awa.jpg' }),
});
export type SupabasePath = z.infer<typeof SupabasePath>;

/** Where a command finds its image: exactly one of the three. */
export const ImageSource = z
  .strictObject({
    object: z.uuid().optional().meta({ description: 'Id of an uploaded object' }),
    url: z
      .url({ protocol: /^https?$/ })
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
export type ImageSource = z.infer<typeof ImageSource>;

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

/** The object that a source names, for `CommandOptions.reads`. */
export function sourceObject({ object }: ImageSource): ObjectReference[] {
  return object ? [{ id: object, pointer: '/source/object', accepts: ['image/'] }] : [];
}

/** The file in Supabase Storage that a source names, for `CommandOptions.supabaseReads`. */
export function sourceFile({ supabase }: ImageSource): SupabaseRead[] {
  return supabase ? [{ ...supabase, pointer: '/source/supabase' }] : [];
}

/** Where a result is written in Supabase Storage. */
export function storedFile(store: ResultStore, name: string, format: ImageFormat): SupabaseWrite {
  const { bucket, path, upsert } = store.supabase;
  const extension = format === 'jpeg' ? 'jpg' : format;
  return { bucket, path: `${path.replace(/\/+$/, '')}/${name}.${extension}`, upsert, pointer: '/store/supabase' };
}

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FileSource } from '@tandem/contracts/file-source';
import type { StoredObject } from '@tandem/contracts/object';
import { grantFor } from '@tandem/contracts/supabase-grants';
import type { Egress } from '@tandem/egress/egress';
import type { JobContext } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import { makeScratchFolder } from '@tandem/runtime/scratch-folder';
import { ObjectMissing, type ObjectStore } from '@tandem/storage/object-store';
import { readSupabaseObject } from '@tandem/supabase/read-supabase-object';
import { fetchSource } from './fetch-source.js';

/** Whose source it is, and the objects that its job may read. */
export type SourceOwner = Pick<JobContext, 'objects' | 'tenant' | 'supabase'>;

/** A source as a file on this machine; disposing of it removes what was fetched for it. */
export interface SourceFile extends AsyncDisposable {
  path: string;
}

/** How large a source may be, in megabytes (1,000,000 bytes), and what its kind is called in the plural: `images`. */
export interface SourceLimits {
  maxMegabytes: number;
  kind: string;
}

/** Brings the sources of commands to this machine's disk, unless they are there already. */
export class SourceFiles {
  constructor(
    private readonly store: ObjectStore,
    private readonly egress: Egress,
    private readonly limits: SourceLimits,
  ) {}

  /** Throws `Rejected` when the source is too large, is gone, or cannot be fetched; see {@link fetchSource}. */
  async open(source: FileSource, { objects, tenant, supabase }: SourceOwner, signal: AbortSignal): Promise<SourceFile> {
    const { object, url, supabase: file } = source;
    const limits = { maxBytes: this.limits.maxMegabytes * 1_000_000, signal };
    if (file) return scratchFile((path) => readSupabaseObject(grantFor(supabase?.reads, file), path, limits));
    if (url === undefined) return this.openObject(objects[object ?? ''], signal);
    return scratchFile((path) => fetchSource(this.egress, tenant, url, path, limits));
  }

  /** The file of a stored object. */
  async openObject(object: StoredObject | undefined, signal: AbortSignal): Promise<SourceFile> {
    if (!object) throw gone();
    if (object.size > this.limits.maxMegabytes * 1_000_000) {
      const detail = `The source has ${object.size} bytes; ${this.limits.kind} may have ${this.limits.maxMegabytes} megabytes. Upload a smaller file.`;
      throw new Rejected('payload_too_large', detail);
    }
    const path = await this.store.localFile(object.key);
    if (path) return { path, [Symbol.asyncDispose]: async () => {} };
    return scratchFile(async (file) => {
      try {
        await pipeline(await this.store.read(object.key), createWriteStream(file), { signal });
      } catch (error) {
        throw error instanceof ObjectMissing ? gone(error) : error;
      }
    });
  }
}

/** A file of its own in a folder of its own, which `fill` writes. */
async function scratchFile(fill: (path: string) => Promise<void>): Promise<SourceFile> {
  const folder = await makeScratchFolder('source');
  const path = join(folder.path, 'source');
  try {
    await fill(path);
  } catch (error) {
    await folder.remove();
    throw error;
  }
  return { path, [Symbol.asyncDispose]: () => folder.remove() };
}

function gone(cause?: Error): Rejected {
  return new Rejected('not_found', 'The source object no longer exists. Upload it again and send its new id.', {
    cause,
  });
}

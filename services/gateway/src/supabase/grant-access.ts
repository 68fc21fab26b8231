import type { CommandDefinition } from '@tandem/contracts/command';
import type { SupabaseGrant, SupabaseRead, SupabaseWrite } from '@tandem/contracts/supabase-grants';
import type { Signed, StorageClient } from '@tandem/supabase/storage-client';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import type { Submission } from '../jobs/admit-job.js';
import { refuse, refusedAccess } from './refuse-access.js';

/** Paths of one question to Storage. */
const PATHS = 500;
/** Files that one request may write: each costs a question to Storage. */
const MOST_WRITES = 500;
const AT_ONCE = 8;

/** A submission that may name files in Supabase Storage. */
interface Asking {
  submission: Submission & { command: CommandDefinition };
  /** JSON pointer of its input in the request. */
  inputAt: string;
}

/**
 * Asks Supabase Storage, with the caller's own token, for the files that jobs read and write, so that the row-level
 * security of the project decides. What it grants goes with the job; the token does not.
 */
export class SupabaseAccess {
  /**
   * @param client undefined when no Supabase is configured
   * @param readSeconds for how long a source can be read
   */
  constructor(
    private readonly client: StorageClient | undefined,
    private readonly readSeconds: number,
  ) {}

  /** Throws a `Problem` that names what is refused: `not_found`, `forbidden`, `conflict`, `unavailable`. */
  async grant(caller: Principal, asking: readonly Asking[]): Promise<void> {
    const wanted = asking.flatMap(({ submission, inputAt }) => {
      const { command, input } = submission;
      const at = <F extends SupabaseRead>(file: F): F => ({ ...file, pointer: inputAt + file.pointer });
      const reads = (command.supabaseReads?.(input) ?? []).map(at);
      const writes = (command.supabaseWrites?.(input) ?? []).map(at);
      return reads.length + writes.length > 0 ? [{ submission, reads, writes }] : [];
    });
    if (wanted.length === 0) return;
    const reads = wanted.flatMap((one) => one.reads);
    const writes = wanted.flatMap((one) => one.writes);
    const { client, token } = this.#means(caller, [...reads, ...writes]);
    const readable = await this.#signReads(client, token, reads);
    const writable = await this.#signWrites(client, token, writes);
    for (const { submission, ...files } of wanted) {
      submission.supabase = {
        reads: files.reads.map((file) => grantOf(file, readable.get(keyOf(file))!)),
        writes: files.writes.map((file) => grantOf(file, writable.get(keyOf(file))!)),
      };
    }
  }

  #means({ token }: Principal, [first]: SupabaseRead[]): { client: StorageClient; token: string } {
    if (!this.client) {
      const detail = 'this Tandem has no Supabase: its operator has set no SUPABASE_URL; use another source or store';
      throw refuse('invalid_input', first!.pointer, detail);
    }
    if (!token) throw refuse('forbidden', first!.pointer, 'only a Supabase access token can use Supabase Storage');
    return { client: this.client, token: token.reveal() };
  }

  async #signReads(client: StorageClient, token: string, files: SupabaseRead[]): Promise<Map<string, Signed>> {
    const signed = new Map<string, Signed>();
    for (const [bucket, inBucket] of Map.groupBy(files, (file) => file.bucket)) {
      const paths = [...new Set(inBucket.map(({ path }) => path))];
      for (let from = 0; from < paths.length; from += PATHS) {
        const found = await client
          .signReads(token, bucket, paths.slice(from, from + PATHS), this.readSeconds)
          .catch((error: unknown) => {
            throw refusedAccess(error, inBucket[0]!, 'read');
          });
        for (const [path, url] of found) signed.set(keyOf({ bucket, path }), url);
      }
    }
    const missing = files.filter((file) => !signed.has(keyOf(file)));
    if (missing.length > 0) {
      const detail = 'there is no such file in Supabase Storage, or its row-level security does not let you read it';
      const errors = missing.slice(0, 20).map(({ pointer }) => ({ pointer, detail }));
      throw new Problem('not_found', `${errors[0]!.pointer}: ${detail}`, errors);
    }
    return signed;
  }

  async #signWrites(client: StorageClient, token: string, files: SupabaseWrite[]): Promise<Map<string, Signed>> {
    const signed = new Map<string, Signed>();
    if (files.length > MOST_WRITES)
      throw refuse('payload_too_large', files[0]!.pointer, `a request may write ${MOST_WRITES} files; split it`);
    const queue = files.values();
    const ask = async () => {
      for (const file of queue) {
        if (signed.has(keyOf(file))) throw refuse('conflict', file.pointer, `${file.path} would be written twice`);
        try {
          const { bucket, path, upsert } = file;
          signed.set(keyOf(file), await client.signUpload(token, bucket, path, upsert));
        } catch (error) {
          throw refusedAccess(error, file, 'write');
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
    return signed;
  }
}

function keyOf({ bucket, path }: { bucket: string; path: string }): string {
  return `${bucket}/${path}`;
}

function grantOf({ bucket, path }: SupabaseRead, { url, expiresAt }: Signed): SupabaseGrant {
  return { bucket, path, url, expiresAt: expiresAt.toISOString() };
}

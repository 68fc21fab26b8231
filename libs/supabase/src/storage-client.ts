import type { Egress, EgressResponse } from '@tandem/egress/egress';
import { type RefusalKind, refusalOf } from './storage-refusal.js';

const ANSWER_MS = 15_000;
const ANSWER_BYTES = 2_000_000;
/** What Storage gives a signed upload by default, should its token not say. */
const UPLOAD_MS = 2 * 3_600_000;

/** A URL that Storage signed. */
export interface Signed {
  url: string;
  expiresAt: Date;
}

/** Storage refused. */
export class StorageRefused extends Error {
  override readonly name = 'StorageRefused';

  constructor(readonly kind: RefusalKind) {
    super(`Supabase Storage refused: ${kind}`);
  }
}

/** Asks Supabase Storage for signed URLs with a caller's own token, so that row-level security decides. */
export class StorageClient {
  readonly #base: string;

  /** @param apiKey for the header `apikey`, which the platform asks for; the caller's token by default */
  constructor(
    private readonly egress: Egress,
    supabaseUrl: string,
    private readonly apiKey?: string,
  ) {
    this.#base = `${supabaseUrl.replace(/\/+$/, '')}/storage/v1`;
  }

  /**
   * URLs to read files of one bucket, by path. A path is missing when there is no such file, or the caller may not read
   * it: Storage does not tell which. Throws {@link StorageRefused}, or an error of egress.
   */
  async signReads(token: string, bucket: string, paths: string[], seconds: number): Promise<Map<string, Signed>> {
    const body = JSON.stringify({ expiresIn: seconds, paths });
    const response = await this.#post(token, `/object/sign/${encoded(bucket)}`, body);
    const signed = await jsonOf(response);
    if (!Array.isArray(signed)) throw new StorageRefused('unavailable');
    const expiresAt = new Date(Date.now() + seconds * 1_000);
    return new Map(
      signed.flatMap(({ path, signedURL }: { path?: unknown; signedURL?: unknown }) =>
        typeof path === 'string' && typeof signedURL === 'string' && signedURL !== ''
          ? [[path, { url: this.#signed(`/object/sign/${encoded(bucket, path)}`, signedURL).url, expiresAt }] as const]
          : [],
      ),
    );
  }

  /** A URL to write one file. Throws {@link StorageRefused}, or an error of egress. */
  async signUpload(token: string, bucket: string, path: string, upsert: boolean): Promise<Signed> {
    const at = `/object/upload/sign/${encoded(bucket, path)}`;
    const { url } = (await jsonOf(await this.#post(token, at, '{}', { 'x-upsert': String(upsert) }))) as {
      url?: unknown;
    };
    const signed = this.#signed(at, String(url));
    return { url: signed.url, expiresAt: endOf(signed.token) };
  }

  async #post(
    token: string,
    path: string,
    body: string,
    headers: Record<string, string> = {},
  ): Promise<EgressResponse> {
    const response = await this.egress.fetch(this.#base + path, {
      method: 'POST',
      headers: {
        ...headers,
        authorization: `Bearer ${token}`,
        apikey: this.apiKey ?? token,
        'content-type': 'application/json',
      },
      body,
      maxBytes: ANSWER_BYTES,
      timeoutMs: ANSWER_MS,
      // A redirect would carry the token to somebody else.
      maxRedirects: 0,
    });
    if (response.status === 200) return response;
    throw new StorageRefused(await refusalOf(response));
  }

  /** Only the token is taken from what Storage answers: the path is known, and Storage leaves its own unencoded. */
  #signed(path: string, answered: string): { url: string; token: string } {
    const token = /[?&]token=([\w.~-]+)$/.exec(answered)?.[1];
    if (!token) throw new StorageRefused('unavailable');
    return { url: `${this.#base}${path}?token=${token}`, token };
  }
}

async function jsonOf(response: EgressResponse): Promise<unknown> {
  try {
    return JSON.parse(await response.text());
  } catch (error) {
    if (error instanceof SyntaxError) throw new StorageRefused('unavailable');
    throw error;
  }
}

/** Bucket and path as Storage's own client writes them. Dots that lead elsewhere are refused. */
function encoded(bucket: string, path?: string): string {
  const segments = path === undefined ? [bucket] : [bucket, ...path.split('/')];
  if (bucket.includes('/') || segments.some((segment) => ['', '.', '..'].includes(segment)))
    throw new StorageRefused('invalid');
  return encodeURI(segments.join('/')).replaceAll('#', '%23').replaceAll('?', '%3F');
}

/** The end of a signed upload, from the claims of its token; Storage verifies it, we only want to know. */
function endOf(token: string): Date {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    if (typeof exp === 'number') return new Date(exp * 1_000);
  } catch {
    // No JWT: an end that is too late only costs the better message.
  }
  return new Date(Date.now() + UPLOAD_MS);
}

import { Readable } from 'node:stream';
import { objectKey } from '@tandem/contracts/object';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { FastifyReply } from 'fastify';
import { Problem } from '../http/problem.js';
import type { RegisteredObject } from './object.entity.js';
import type { Disposition } from './object-links.js';

/** Types that a browser may show in place: none of them can run a script in this origin. */
const INLINE = /^(image\/(jpeg|png|webp|avif|gif|tiff)|application\/pdf|text\/plain)\b/;

/** How a signed link differs from a download with a token. */
export interface LinkTerms {
  disposition: Disposition | undefined;
  expiresAt: Date;
}

type RequestHeaders = Record<string, string | undefined>;

/** Serves objects: conditional and range requests as RFC 9110 has them. The ETag is the content's SHA-256. */
export class ObjectDownload {
  constructor(private readonly store: ObjectStore) {}

  async send(object: RegisteredObject, headers: RequestHeaders, reply: FastifyReply, link?: LinkTerms): Promise<void> {
    const etag = `"${object.sha256}"`;
    const validators = {
      etag,
      'accept-ranges': 'bytes',
      // Private: an object belongs to its caller. The content of an id never changes.
      'cache-control': `private, max-age=${link ? secondsUntil(link.expiresAt) : 31_536_000}, immutable`,
      // Who signs in next in the same browser may be somebody else.
      vary: [reply.getHeader('vary'), 'Authorization'].filter(Boolean).join(', '),
      'last-modified': object.createdAt.toUTCString(),
    };
    // A link is made to be given away: another site may show what it leads to.
    if (link) reply.header('cross-origin-resource-policy', 'cross-origin');
    if (matches(headers['if-none-match'], etag)) return void (await reply.headers(validators).status(304).send());
    const isHead = reply.request.method === 'HEAD';
    const range = isHead ? undefined : requestedRange(object.size, headers, etag);
    // Fastify would read the whole object only to drop it.
    const body = isHead ? Readable.from([]) : await this.store.read(objectKey(object.tenant, object.sha256), range);
    reply.headers({
      ...validators,
      'content-type': object.type,
      'content-disposition': disposition(object, link?.disposition),
      'content-security-policy': "default-src 'none'; sandbox",
      'content-length': range ? range.end - range.start + 1 : object.size,
    });
    if (range) reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${object.size}`);
    await reply.send(body);
  }
}

/**
 * One range of bytes is served; several, or what is none, get the whole object, as RFC 9110 section 14.2 allows. A suffix
 * longer than the object means all of it (14.1.2).
 */
function requestedRange(
  size: number,
  headers: RequestHeaders,
  etag: string,
): { start: number; end: number } | undefined {
  if (headers['if-range'] !== undefined && headers['if-range'] !== etag) return undefined;
  const [, first, last] = /^bytes=(?=.*\d)(\d*)-(\d*)$/i.exec(headers.range ?? '') ?? [];
  if (first === undefined || last === undefined) return undefined;
  if (first && last && Number(last) < Number(first)) return undefined;
  const start = first ? Number(first) : Math.max(0, size - Number(last));
  const end = first && last ? Math.min(Number(last), size - 1) : size - 1;
  if (start < size) return { start, end };
  throw new Problem('range_not_satisfiable', `The object has ${size} bytes; ask for a range within it.`, undefined, {
    'Content-Range': `bytes */${size}`,
  });
}

function matches(header: string | undefined, etag: string): boolean {
  const tags = header?.split(',').map((tag) => tag.trim()) ?? [];
  return tags.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
}

function secondsUntil(time: Date): number {
  return Math.max(0, Math.floor((time.getTime() - Date.now()) / 1_000));
}

/** RFC 6266: a plain name for old clients, the real one, accents and all, in `filename*`. */
function disposition({ type, name, id }: RegisteredObject, wanted: Disposition = 'inline'): string {
  const kind = INLINE.test(type) ? wanted : 'attachment';
  const real = (name ?? id).toWellFormed();
  const plain = real.replace(/[^\x20-\x7e]|["\\]/g, '_');
  const encoded = encodeURIComponent(real).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

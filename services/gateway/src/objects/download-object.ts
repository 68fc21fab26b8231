import { objectKey } from '@tandem/contracts/object';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { FastifyReply } from 'fastify';
import parseRange from 'range-parser';
import { Problem } from '../http/problem.js';
import type { RegisteredObject } from './object.entity.js';

/** Types that a browser may show in place: none of them can run a script in this origin. */
const INLINE = /^(image\/(jpeg|png|webp|avif|gif|tiff)|application\/pdf|text\/plain)\b/;

type RequestHeaders = Record<string, string | undefined>;

/** Serves objects: conditional and range requests as RFC 9110 has them. The ETag is the content's SHA-256. */
export class ObjectDownload {
  constructor(private readonly store: ObjectStore) {}

  async send(object: RegisteredObject, headers: RequestHeaders, reply: FastifyReply): Promise<void> {
    const etag = `"${object.sha256}"`;
    reply.headers({
      etag,
      'accept-ranges': 'bytes',
      // Private: an object belongs to its caller. The content of an id never changes.
      'cache-control': 'private, max-age=31536000, immutable',
      'last-modified': object.createdAt.toUTCString(),
    });
    if (matches(headers['if-none-match'], etag)) return void (await reply.status(304).send());
    const range = requestedRange(object, headers, etag);
    const body = await this.store.read(objectKey(object.tenant, object.sha256), range);
    reply.headers({
      'content-type': object.type,
      'content-disposition': disposition(object),
      'content-security-policy': "default-src 'none'; sandbox",
      'content-length': range ? range.end - range.start + 1 : object.size,
    });
    if (range) reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${object.size}`);
    await reply.send(body);
  }
}

/** One range is served; several, or none that makes sense, get the whole object, as RFC 9110 section 14.2 allows. */
function requestedRange(
  object: RegisteredObject,
  headers: RequestHeaders,
  etag: string,
): { start: number; end: number } | undefined {
  if (!headers.range || (headers['if-range'] !== undefined && headers['if-range'] !== etag)) return undefined;
  const ranges = parseRange(object.size, headers.range);
  if (ranges === -1) {
    throw new Problem(
      'range_not_satisfiable',
      `The object has ${object.size} bytes; ask for a range within it.`,
      undefined,
      { 'Content-Range': `bytes */${object.size}` },
    );
  }
  return ranges !== -2 && ranges.type === 'bytes' && ranges.length === 1 ? ranges[0] : undefined;
}

function matches(header: string | undefined, etag: string): boolean {
  const tags = header?.split(',').map((tag) => tag.trim()) ?? [];
  return tags.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
}

/** RFC 6266: a plain name for old clients, the real one, accents and all, in `filename*`. */
function disposition({ type, name, id }: RegisteredObject): string {
  const kind = INLINE.test(type) ? 'inline' : 'attachment';
  const real = (name ?? id).toWellFormed();
  const plain = real.replace(/[^\x20-\x7e]|["\\]/g, '_');
  const encoded = encodeURIComponent(real).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

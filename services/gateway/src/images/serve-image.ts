import { type ImageOptions, objectsIn } from '@tandem/contracts/image-options';
import { objectKey, type StoredObject } from '@tandem/contracts/object';
import { Rejected } from '@tandem/messaging/outcome';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type CallerGuard, header, requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import type { ProblemFilter } from '../http/problem-filter.js';
import type { SigningKeys } from '../http/signing-keys.js';
import type { Principal } from '../identity/principal.js';
import type { PresetFinder } from '../presets/find-presets.js';
import { noPreset, PlainName } from '../presets/preset.js';
import { chooseFormat, optionsFor } from './choose-format.js';
import type { CachedImage } from './disk-cache.js';
import { mayRead, type SourceFinder, type SourceObject } from './find-source.js';
import { freeOptions } from './free-options.js';
import type { ImageCache } from './image-cache.js';
import { imageKey } from './image-key.js';
import { FREE, type ImageUrl, parseImageUrl, verifyImageUrl } from './image-url.js';
import type { ImageMaker } from './make-image.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const VERSION = /^[1-9]\d{0,5}$/;
const YEAR_S = 31_536_000;
/** `card` may mean another version later. */
const UNPINNED_S = 3_600;

/** Who asks: the holder of a signed link that ends then (seconds since the epoch), or a caller with a token. */
type Access = { until: number; caller?: undefined } | { until?: undefined; caller: Principal };

/** What serving images needs. */
export interface ImageServiceParts {
  guard: CallerGuard;
  problems: ProblemFilter;
  keys: SigningKeys;
  sources: SourceFinder;
  presets: PresetFinder;
  cache: ImageCache;
  maker: ImageMaker;
  takesFreeOptions: boolean;
}

/** `GET /v1/images/{object}/{preset}`: images made while the browser waits, and then from the cache. */
export class ImageService {
  constructor(private readonly parts: ImageServiceParts) {}

  /** On Fastify itself, as `submit-command.ts`: a page asks for dozens of images at once. */
  route(server: FastifyInstance): void {
    server.get<{ Params: { object: string; preset: string } }>(
      '/v1/images/:object/:preset',
      { errorHandler: this.parts.problems.answer.bind(this.parts.problems) },
      async (request, reply) => {
        const url = parseImageUrl(request.raw.url ?? '');
        const access = await this.#access(url, request, reply);
        const { object, preset } = request.params;
        const source = await this.#source(object, url, access);
        const wanted = await this.#options(preset, url, source);
        const negotiated = wanted.format === undefined;
        const format = wanted.format ?? chooseFormat(header(request, 'accept'), wanted, source.type);
        const image = await this.#image(source, negotiated ? optionsFor(wanted, format) : wanted);
        const pinned = preset === FREE || url.v !== undefined;
        return send(image, { access, negotiated, pinned }, request, reply);
      },
    );
  }

  async #access(url: ImageUrl, request: FastifyRequest, reply: FastifyReply): Promise<Access> {
    if (url.signature !== undefined) return { until: verifyImageUrl(this.parts.keys, url, Date.now()) };
    const caller = await this.parts.guard.identify(request, reply);
    requireScope(caller, 'objects:read');
    return { caller };
  }

  async #source(id: string, { tenant }: ImageUrl, { caller }: Access): Promise<SourceObject> {
    const lower = id.toLowerCase();
    const source = UUID.test(lower) ? await this.parts.sources.find(lower) : undefined;
    const visible = source && (tenant ?? source.tenant) === source.tenant && (!caller || mayRead(caller, source));
    if (!visible) throw new Problem('not_found', 'There is no such object, or it is not yours.');
    if (source.type.startsWith('image/')) return source;
    throw new Problem('unsupported_media_type', `The bytes of this object are ${source.type}, and no image.`);
  }

  async #options(preset: string, { v, options }: ImageUrl, { tenant }: SourceObject): Promise<ImageOptions> {
    if (preset === FREE && this.parts.takesFreeOptions) return freeOptions(options);
    const [extra] = Object.keys(options);
    if (extra !== undefined)
      throw new Problem('invalid_input', 'This address takes the parameters v, expires, key, tenant and signature.', [
        { pointer: `/${extra}`, detail: 'unknown parameter; options belong into the preset' },
      ]);
    if (v !== undefined && !VERSION.test(v))
      throw new Problem('invalid_input', 'v is the version of the preset: a whole number from 1.', [
        { pointer: '/v', detail: 'must be a whole number from 1' },
      ]);
    if (!PlainName.safeParse(preset).success) throw noPreset(preset);
    return (await this.parts.presets.get(tenant, v === undefined ? preset : `${preset}@${v}`)).options;
  }

  async #image(source: SourceObject, options: ImageOptions): Promise<CachedImage> {
    const [watermark] = objectsIn(options);
    const mark = watermark && (await this.#watermark(watermark.id, source.tenant));
    const key = imageKey(source.sha256, options, mark?.sha256);
    const known = this.parts.cache.inMemory(key);
    if (known) return known;
    const objects = mark && { [watermark.id]: storedObject(mark) };
    const input = { tenant: source.tenant, source: storedObject(source), options, objects };
    try {
      return await this.parts.cache.get(key, () => this.parts.maker.make(input));
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      const headers: Record<string, string> = error.code === 'unavailable' ? { 'Retry-After': '2' } : {};
      throw new Problem(error.code, error.detail, undefined, headers);
    }
  }

  async #watermark(id: string, tenant: string): Promise<SourceObject> {
    const object = await this.parts.sources.find(id.toLowerCase());
    if (object?.tenant === tenant) return object;
    throw new Problem('not_found', 'The watermark of the preset no longer exists. Put another one into the preset.');
  }
}

function storedObject({ id, tenant, sha256, size, type }: SourceObject): StoredObject {
  return { id, key: objectKey(tenant, sha256), size, type, sha256 };
}

function send(
  { type, sha256, bytes }: CachedImage,
  { access, negotiated, pinned }: { access: Access; negotiated: boolean; pinned: boolean },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const etag = `"${sha256}"`;
  const vary = [reply.getHeader('vary'), negotiated && 'Accept', access.caller && 'Authorization'].filter(Boolean);
  reply.header('etag', etag).header('cache-control', cacheControl(access, pinned));
  if (vary.length > 0) reply.header('vary', vary.join(', '));
  // A page of another origin shows it: that is what a link is for.
  if (access.until !== undefined) reply.header('cross-origin-resource-policy', 'cross-origin');
  if (matches(header(request, 'if-none-match'), etag)) return reply.status(304).send();
  return reply
    .header('content-type', type)
    .header('content-disposition', 'inline')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(bytes);
}

/** Nothing may show a link's image when the link is over, so nothing may keep it for longer. */
function cacheControl({ until }: Access, pinned: boolean): string {
  const most = pinned ? YEAR_S : UNPINNED_S;
  const left = until === undefined ? most : Math.max(0, Math.floor(until - Date.now() / 1_000));
  return `${until === undefined ? 'private' : 'public'}, max-age=${Math.min(most, left)}${pinned ? ', immutable' : ''}`;
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

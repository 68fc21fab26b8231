import { Readable } from 'node:stream';
import { Server } from '@tus/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STREAMED } from '../http/bodies.js';
import { type CallerGuard, requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import type { ProblemFilter } from '../http/problem-filter.js';
import type { Principal } from '../identity/principal.js';
import { newJobId } from '../jobs/job-id.js';
import { fileName } from '../objects/form-file.js';
import { WRITE } from '../objects/object-view.js';
import type { PartStore, UploadFinish } from './finish-upload.js';
import { tusProblem } from './tus-problem.js';
import type { UploadLocks } from './upload-lock.js';
import type { PartialUpload, UploadRegister } from './upload-register.js';

export const UPLOADS_PATH = '/v1/uploads';
const TUS = { 'tus-resumable': '1.0.0', 'cache-control': 'no-store' };
/** A holder of an upload that is asked to let go has so long to store what it has received. */
const DRAIN_MS = 500;

/** What belongs to a request while the server of the protocol works on it. */
interface Exchange {
  caller: Principal;
  /** What went wrong, before the server made an answer of it. */
  failure?: unknown;
}

/**
 * Uploads in parts by the protocol tus 1.0.0, whose state machine is `@tus/server`. Around it: our tokens, whose upload it
 * is, and the object that it becomes.
 */
export class ResumableUploads {
  readonly #server: Server;
  readonly #exchanges = new WeakMap<Request, Exchange>();

  constructor(
    private readonly guard: CallerGuard,
    private readonly problems: ProblemFilter,
    private readonly register: UploadRegister,
    private readonly finish: UploadFinish,
    private readonly maxBytes: number,
    { parts, locks }: { parts: PartStore; locks: UploadLocks },
  ) {
    this.#server = new Server({
      path: UPLOADS_PATH,
      datastore: parts,
      locker: locks,
      maxSize: maxBytes,
      relativeLocation: true,
      lockDrainTimeout: DRAIN_MS,
      namingFunction: () => newJobId(),
      onUploadCreate: async (request, { id, metadata }) => {
        const name = fileName(metadata?.filename ?? metadata?.name ?? undefined) ?? null;
        await register.begin(this.#exchanges.get(request)!.caller, id, name);
        return {};
      },
      onUploadFinish: async (request, { id, size }) => {
        await finish.finish(await register.find(this.#exchanges.get(request)!.caller, id), size!);
        return { headers: { 'Tandem-Object': id } };
      },
      onResponseError: (request, error) => {
        const exchange = this.#exchanges.get(request);
        if (exchange && error instanceof Error) exchange.failure = error;
        return undefined;
      },
    });
  }

  /** Registers the routes of the protocol on Fastify itself: Nest has no HEAD routes. */
  route(server: FastifyInstance): void {
    const options = { errorHandler: this.problems.answer.bind(this.problems), config: STREAMED as object };
    const path = `${UPLOADS_PATH}/:id`;
    server.post(UPLOADS_PATH, options, (request, reply) => this.#post(request, reply));
    server.head(path, options, (request, reply) => this.#head(request as OfUpload, reply));
    server.patch(path, options, (request, reply) => this.#patch(request as OfUpload, reply));
    server.delete(path, options, (request, reply) => this.#delete(request as OfUpload, reply));
    // What the server can do; a browser's preflight comes here as well, and has its own headers by then.
    const cors = { strictPreflight: false, preflightContinue: true };
    server.options(UPLOADS_PATH, { config: { cors } }, (_request, reply) => this.#abilities(reply));
  }

  async #post(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const caller = await this.#caller(request, reply);
    return answer(await this.#ask(caller, request), reply);
  }

  async #head(request: OfUpload, reply: FastifyReply): Promise<FastifyReply> {
    const caller = await this.#caller(request, reply);
    const upload = await this.register.find(caller, request.params.id);
    if (upload.finishedSize !== null) return finished(upload, upload.finishedSize, reply);
    const response = await this.#ask(caller, request);
    const size = Number(response.headers.get('upload-length') ?? Number.NaN);
    // All bytes came, but whoever took the last of them died before there was an object.
    if (response.ok && Number(response.headers.get('upload-offset')) === size) {
      await this.finish.finish(upload, size);
      await this.finish.clear(upload.id);
      return finished(upload, size, reply);
    }
    return answer(response, reply);
  }

  async #patch(request: OfUpload, reply: FastifyReply): Promise<FastifyReply> {
    const caller = await this.#caller(request, reply);
    const upload = await this.register.find(caller, request.params.id);
    if (upload.finishedSize !== null) throw isObject(upload);
    const response = await this.#ask(caller, request);
    // Who finished it meanwhile has taken the parts away.
    if (response.status === 404 && (await this.register.isFinished(upload.id))) throw isObject(upload);
    return answer(response, reply);
  }

  async #delete(request: OfUpload, reply: FastifyReply): Promise<FastifyReply> {
    const caller = await this.#caller(request, reply);
    const upload = await this.register.find(caller, request.params.id);
    if (upload.finishedSize !== null) throw isObject(upload);
    const response = await this.#ask(caller, request);
    if (response.ok) await this.register.forget([upload.id]);
    return answer(response, reply);
  }

  #abilities(reply: FastifyReply): FastifyReply {
    const extensions = ['creation', 'creation-with-upload', 'creation-defer-length', 'termination', 'expiration'];
    reply.headers({ ...TUS, 'tus-version': '1.0.0', 'tus-extension': extensions.join(',') });
    return reply.header('tus-max-size', this.maxBytes).status(204).send();
  }

  async #caller(request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
    reply.header('tus-resumable', TUS['tus-resumable']);
    const caller = await this.guard.identify(request, reply);
    requireScope(caller, WRITE);
    return caller;
  }

  /** Throws what went wrong within, so that it is answered like everything else. */
  async #ask(caller: Principal, request: FastifyRequest): Promise<Response> {
    const forwarded = webRequest(request);
    const exchange: Exchange = { caller };
    this.#exchanges.set(forwarded, exchange);
    const response = await this.#server.handleWeb(forwarded as never);
    if (exchange.failure) throw exchange.failure;
    const object = response.headers.get('tandem-object');
    if (object) await this.finish.clear(object);
    return response;
  }
}

type OfUpload = FastifyRequest<{ Params: { id: string } }>;

function webRequest(request: FastifyRequest): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (/^(upload-.*|tus-resumable|content-(type|length))$/.test(name)) headers.set(name, String(value));
  const hasBody = request.method === 'POST' || request.method === 'PATCH';
  const body = hasBody && request.body ? (Readable.toWeb(request.body as Readable) as never) : undefined;
  const url = new URL(request.url.split('?')[0]!, 'http://gateway');
  return new Request(url, { method: request.method, headers, body, duplex: 'half' } as RequestInit);
}

async function answer(response: Response, reply: FastifyReply): Promise<FastifyReply> {
  for (const [name, value] of response.headers)
    if (!name.startsWith('access-control-') && name !== 'content-length') reply.header(name, value);
  const text = await response.text();
  if (response.status >= 400) return tusProblem(response.status, text, reply);
  return reply.status(response.status).send();
}

function finished({ id }: PartialUpload, size: number, reply: FastifyReply): FastifyReply {
  return reply
    .headers({ ...TUS, 'upload-offset': size, 'upload-length': size, 'tandem-object': id })
    .status(200)
    .send();
}

function isObject({ id }: PartialUpload): Problem {
  return new Problem('conflict', `This upload is finished, and an object: /v1/objects/${id}.`);
}

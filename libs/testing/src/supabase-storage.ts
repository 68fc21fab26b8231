import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { createRemoteJWKSet, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { atEndOfFile } from './cleanup.js';

const ORIGIN = 'http://127.0.0.1';
const SIGN = /^\/storage\/v1\/object\/sign\/([^/]+)(?:\/(.+))?$/;
const UPLOAD = /^\/storage\/v1\/object\/upload\/sign\/([^/]+)\/(.+)$/;

/** What {@link FakeStorage} saw of one request. */
export interface StorageRequest {
  method: string;
  path: string;
  apikey: string | undefined;
}

/**
 * A stand-in for Supabase Storage: the routes for signed URLs as supabase/storage has them, refusals as HTTP 400 with the
 * status in the body, and one policy for everybody, as in Supabase's guide: the first folder of a path is the user's id.
 * `service_role` passes it, as it bypasses row-level security. It is no proof of how the real one behaves.
 */
export class FakeStorage {
  readonly files = new Map<string, { bytes: Buffer; type: string | undefined }>();
  readonly requests: StorageRequest[] = [];
  /** Seconds that a signed upload lasts. */
  uploadSeconds = 7_200;
  /** While set, everything is answered with this status. */
  broken: number | undefined;
  readonly #key = new TextEncoder().encode(randomUUID());
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  readonly #buckets = new Set(['photos']);
  #url = '';

  private constructor(jwksUrl: string) {
    this.#keys = createRemoteJWKSet(new URL(jwksUrl));
  }

  /** Starts it on a free port; it accepts the tokens of the issuer with these keys. */
  static async start(jwksUrl: string): Promise<FakeStorage> {
    const storage = new FakeStorage(jwksUrl);
    const server = createServer((request, response) => void storage.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    storage.#url = `${ORIGIN}:${(server.address() as AddressInfo).port}`;
    atEndOfFile(() => {
      server.close();
      server.closeAllConnections();
    });
    return storage;
  }

  /** What SUPABASE_URL is set to. */
  get url(): string {
    return this.#url;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const url = new URL(request.url!, this.#url);
    const { apikey } = request.headers;
    this.requests.push({ method: request.method!, path: url.pathname, apikey: apikey as string | undefined });
    try {
      if (this.broken) throw new Refusal(this.broken, 'Internal', 'broken');
      const answer = await this.#route(request, url, body);
      if (Buffer.isBuffer(answer)) return void response.end(answer);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    } catch (error) {
      const { status, code, message } = error instanceof Refusal ? error : new Refusal(500, 'Internal', String(error));
      // As supabase/storage: its own errors are 400 to HTTP, whatever they are.
      response.writeHead(status >= 500 ? status : 400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ statusCode: String(status), error: code, message }));
    }
  }

  async #route(request: IncomingMessage, url: URL, body: Buffer): Promise<unknown> {
    const [, bucket, name] = (UPLOAD.exec(url.pathname) ?? SIGN.exec(url.pathname) ?? []).map(decodeURIComponent);
    if (!bucket || !this.#buckets.has(bucket)) throw new Refusal(404, 'Bucket not found', 'Bucket not found');
    const isUpload = UPLOAD.test(url.pathname);
    if (request.method === 'GET') return this.#read(bucket, name!, url.searchParams.get('token'));
    if (request.method === 'PUT') return this.#write(bucket, name!, url.searchParams.get('token'), request, body);
    const claims = await this.#verify(request.headers.authorization);
    if (isUpload) return this.#signUpload(claims, bucket, name!, request.headers['x-upsert'] === 'true');
    const { paths, expiresIn } = JSON.parse(body.toString()) as { paths: string[]; expiresIn: number };
    return Promise.all(paths.map((path) => this.#signRead(claims, bucket, path, expiresIn)));
  }

  async #signRead(claims: JWTPayload, bucket: string, path: string, seconds: number): Promise<object> {
    if (!this.files.has(`${bucket}/${path}`) || !allowed(claims, path))
      return { error: 'Either the object does not exist or you do not have access to it', path, signedURL: null };
    const token = await this.#sign({ url: `${bucket}/${path}` }, seconds);
    return { error: null, path, signedURL: `/object/sign/${bucket}/${path}?token=${token}` };
  }

  async #signUpload(claims: JWTPayload, bucket: string, path: string, upsert: boolean): Promise<object> {
    if (!allowed(claims, path)) throw new Refusal(403, 'Unauthorized', 'new row violates row-level security policy');
    if (!upsert && this.files.has(`${bucket}/${path}`))
      throw new Refusal(409, 'Duplicate', 'The resource already exists');
    const url = `${bucket}/${path}`;
    const token = await this.#sign({ owner: claims.sub, url, upsert, scope: 'upload' }, this.uploadSeconds);
    return { url: `/object/upload/sign/${url}?token=${token}`, token };
  }

  async #read(bucket: string, name: string, token: string | null): Promise<Buffer> {
    await this.#open(bucket, name, token);
    const file = this.files.get(`${bucket}/${name}`);
    if (!file) throw new Refusal(404, 'not_found', 'Object not found');
    return file.bytes;
  }

  async #write(bucket: string, name: string, token: string | null, { headers }: IncomingMessage, bytes: Buffer) {
    const { upsert } = await this.#open(bucket, name, token);
    const key = `${bucket}/${name}`;
    if (this.files.has(key) && upsert !== true) throw new Refusal(409, 'Duplicate', 'The resource already exists');
    this.files.set(key, { bytes, type: headers['content-type'] });
    return { Key: key };
  }

  async #open(bucket: string, name: string, token: string | null): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token ?? '', this.#key).catch((error: unknown) => {
      throw new Refusal(400, 'InvalidJWT', (error as Error).message);
    });
    if (payload.url !== `${bucket}/${name}`) throw new Refusal(400, 'InvalidSignature', 'The url do not match');
    return payload;
  }

  #sign(claims: JWTPayload, seconds: number): Promise<string> {
    const end = Math.floor(Date.now() / 1000) + seconds;
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(end).sign(this.#key);
  }

  async #verify(authorization: string | undefined): Promise<JWTPayload> {
    const token = authorization?.replace(/^Bearer /, '') ?? '';
    const { payload } = await jwtVerify(token, this.#keys).catch(() => {
      throw new Refusal(403, 'Unauthorized', 'jws error');
    });
    return payload;
  }
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    override readonly message: string,
  ) {
    super(message);
  }
}

function allowed({ sub, role }: JWTPayload, path: string): boolean {
  return role === 'service_role' || path.split('/')[0] === sub;
}

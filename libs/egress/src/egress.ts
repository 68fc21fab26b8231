import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { createSecureContext, getCACertificates } from 'node:tls';
import { type Connecting, connectChecked } from './connect-checked.js';
import { Deadline, within } from './deadline.js';
import { EgressFailed, EgressTooLarge, failureOf } from './errors.js';
import { exchange, type Hop } from './exchange.js';
import { compile, type EgressPolicy, type PolicyOf } from './policy.js';
import { redirected } from './redirect.js';
import { type Resolve, systemResolve } from './resolve.js';
import { responseBody } from './response-body.js';
import { hostHeader, parseUrl, targetOf } from './route.js';

/** How an {@link Egress} connects, for all its requests. */
export interface EgressOptions {
  /** Replaces the look-up of names by the system. */
  resolve?: Resolve;
  /** Certificates (PEM) of authorities that are trusted beside the usual ones; for tests. Operators: NODE_EXTRA_CA_CERTS. */
  ca?: string[];
  /** Longest time for the look-up, the connection and TLS. 10 s by default. */
  connectMs?: number;
  /** Longest time between the request and the headers of its answer. 30 s by default. */
  firstByteMs?: number;
  /** Longest silence within an answer. 30 s by default. */
  idleMs?: number;
  /** Largest headers of an answer. 32 KB by default. */
  maxHeaderBytes?: number;
}

/** One request. */
export interface EgressRequest {
  /** Whose policy counts; without it, the operator's. */
  tenant?: string;
  method?: string;
  /** Those that the connection itself needs (Host, Connection, Content-Length and so on) are left out, as in fetch. */
  headers?: Headers | Record<string, string> | [string, string][];
  body?: string | Uint8Array;
  signal?: AbortSignal;
  /** Largest body of the answer, packed or unpacked. 10 MB by default. */
  maxBytes?: number;
  /** Longest time for everything: redirects and reading the body too. 60 s by default. */
  timeoutMs?: number;
  /** Redirects that are followed, 5 by default. With 0 the redirect itself is the answer; one too many is an error. */
  maxRedirects?: number;
}

/** The answer. Read its body, or `discard()` it: the connection is held until then. */
export interface EgressResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Of the last request, after all redirects. */
  readonly url: string;
  /** Unpacked. Fails with the errors of egress when a limit is passed. */
  readonly body: Readable;
  text(): Promise<string>;
  bytes(): Promise<Buffer>;
  discard(): void;
}

const CONNECTION_HEADERS =
  /^(host|connection|content-length|transfer-encoding|keep-alive|upgrade|te|trailer|expect|proxy-.*)$/;

/**
 * The only way out: HTTP requests to public addresses, and to what the policy allows. Every host is looked up once, all
 * its addresses are checked, and only a checked one is dialled; each redirect anew. Proxy variables of the environment
 * do not count. One connection for each request.
 */
export class Egress {
  readonly #policyOf: PolicyOf;
  readonly #connecting: Connecting;
  readonly #limits: { firstByteMs: number; idleMs: number; maxHeaderBytes: number };

  /** Throws when an entry of the policy cannot be read. */
  constructor(policy: EgressPolicy | PolicyOf = {}, options: EgressOptions = {}) {
    this.#policyOf = typeof policy === 'function' ? policy : () => policy;
    if (typeof policy !== 'function') compile(policy);
    const { resolve = systemResolve, connectMs = 10_000, ca } = options;
    const secureContext = ca && createSecureContext({ ca: [...getCACertificates('default'), ...ca] });
    this.#connecting = { resolve, connectMs, secureContext };
    const { firstByteMs = 30_000, idleMs = 30_000, maxHeaderBytes = 32_768 } = options;
    this.#limits = { firstByteMs, idleMs, maxHeaderBytes };
  }

  /**
   * Sends a request and follows its redirects. Any status is an answer. Throws `EgressDenied`, `EgressTooLarge`,
   * `EgressTimedOut`, `EgressFailed` or the signal's reason; so does the body while it is read.
   */
  async fetch(url: string | URL, init: EgressRequest = {}): Promise<EgressResponse> {
    const { maxBytes = 10_000_000, timeoutMs = 60_000, maxRedirects = 5 } = init;
    init.signal?.throwIfAborted();
    const deadline = new Deadline(timeoutMs, 'total', init.signal);
    try {
      const { message, hop } = await this.#follow(firstHop(url, init), init.tenant, maxRedirects, deadline.signal);
      try {
        return this.#answer(message, hop, maxBytes, deadline);
      } catch (error) {
        message.destroy();
        throw error;
      }
    } catch (error) {
      deadline[Symbol.dispose]();
      throw error;
    }
  }

  async #follow(first: Hop, tenant: string | undefined, maxRedirects: number, signal: AbortSignal) {
    let hop = first;
    for (let redirects = 0; ; redirects++) {
      const message = await this.#send(hop, tenant, signal);
      if (maxRedirects === 0) return { message, hop };
      try {
        const next = redirected(hop, message.statusCode ?? 0, message.headers.location);
        if (!next) return { message, hop };
        message.destroy();
        hop = next;
      } catch (error) {
        message.destroy();
        throw error;
      }
      if (redirects === maxRedirects) {
        throw new EgressFailed('redirects', `${first.url.hostname} redirects more than ${maxRedirects} times.`);
      }
    }
  }

  async #send(hop: Hop, tenant: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const { firstByteMs, maxHeaderBytes } = this.#limits;
    const target = targetOf(hop.url);
    const policy = compile(this.#policyOf(tenant));
    const { host } = target;
    try {
      const secure = hop.url.protocol === 'https:';
      const socket = await connectChecked(target, secure, policy, { ...this.#connecting, tenant }, signal);
      hop.headers.set('host', hostHeader(target));
      return await within(firstByteMs, 'first byte', signal, (limit) => exchange(socket, hop, maxHeaderBytes, limit));
    } catch (error) {
      throw signal.aborted ? signal.reason : failureOf(error, host, maxHeaderBytes);
    }
  }

  #answer(message: IncomingMessage, hop: Hop, maxBytes: number, deadline: Deadline): EgressResponse {
    const { idleMs, maxHeaderBytes } = this.#limits;
    const status = message.statusCode ?? 0;
    const empty = hop.method === 'HEAD' || status === 204 || status === 304;
    if (empty) delete message.headers['content-encoding'];
    else if (Number(message.headers['content-length']) > maxBytes) throw new EgressTooLarge(maxBytes);
    const host = hop.url.hostname;
    const body = responseBody(message, { host, maxBytes, idleMs, maxHeaderBytes, signal: deadline.signal });
    body.on('close', () => deadline[Symbol.dispose]());
    return {
      status,
      headers: headersOf(message),
      url: hop.url.href,
      body,
      text: () => text(body),
      bytes: () => buffer(body),
      discard: () => void body.destroy(),
    };
  }
}

function firstHop(url: string | URL, { method = 'GET', headers, body }: EgressRequest): Hop {
  const own = new Headers({ accept: '*/*', 'accept-encoding': 'gzip, br, zstd', 'user-agent': 'Tandem' });
  for (const [name, value] of new Headers(headers)) if (!CONNECTION_HEADERS.test(name)) own.set(name, value);
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  if (bytes) own.set('content-length', String(bytes.length));
  if (/^(connect|trace|track)$/i.test(method)) throw new TypeError(`The method ${method} is not for fetch`);
  return { url: parseUrl(url), method: method.toUpperCase(), headers: own, body: bytes };
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  return headers;
}

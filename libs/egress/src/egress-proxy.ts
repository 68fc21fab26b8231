import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Connecting, connectChecked } from './connect-checked.js';
import { EgressDenied, failureOf } from './errors.js';
import { compile, type EgressPolicy, type PolicyOf, type Target } from './policy.js';
import {
  answerTo,
  NOT_A_PROXY_REQUEST,
  onTheWire,
  type ProxyAnswer,
  TOO_MANY_CONNECTIONS,
  UNKNOWN_CALLER,
} from './proxy-answers.js';
import { forward, join, MAX_HEADER_BYTES, upgrade } from './proxy-forward.js';
import { type GrantOptions, ProxyGrant } from './proxy-grant.js';
import { proxyUser } from './proxy-headers.js';
import { type Resolve, systemResolve } from './resolve.js';
import { parseUrl, targetOf } from './route.js';

/** How a proxy connects. */
export interface ProxyOptions {
  /** Replaces the look-up of names by the system. */
  resolve?: Resolve;
  /** Longest time for the look-up and the connection. 10 s by default. */
  connectMs?: number;
  /** Longest silence of a connection to the outside. 60 s by default. */
  idleMs?: number;
}

/** A request that was let in, and whose it is. */
type Entering = { grant: ProxyGrant; caller: Socket };

/** Starts a proxy on a free port of the loopback interface. Throws when an entry of the policy cannot be read. */
export async function startEgressProxy(
  policy: EgressPolicy | PolicyOf = {},
  options: ProxyOptions = {},
): Promise<EgressProxy> {
  const proxy = new EgressProxy(policy, options);
  await proxy.listen();
  return proxy;
}

/**
 * A proxy for a program that would go out by itself, such as a browser: plain requests for `http://` URLs, CONNECT, and
 * WebSockets through both. It makes the same checks as `Egress` for every request, and knows its callers by grants.
 */
export class EgressProxy {
  readonly #policyOf: PolicyOf;
  readonly #connecting: Connecting;
  readonly #idleMs: number;
  readonly #server: Server;
  readonly #grants = new Map<string, ProxyGrant>();
  readonly #callers = new Set<Socket>();

  constructor(
    policy: EgressPolicy | PolicyOf,
    { resolve = systemResolve, connectMs = 10_000, idleMs = 60_000 }: ProxyOptions,
  ) {
    this.#policyOf = typeof policy === 'function' ? policy : () => policy;
    if (typeof policy !== 'function') compile(policy);
    this.#connecting = { resolve, connectMs };
    this.#idleMs = idleMs;
    this.#server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
      // Another upgrade than to WebSocket is optional (RFC 9110, 7.8): the request goes on without.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    });
    this.#server.on('connection', (socket) => {
      this.#callers.add(socket);
      socket.on('close', () => this.#callers.delete(socket)).on('error', () => socket.destroy());
    });
    this.#server.on('request', (incoming, response) => this.#onRequest(incoming, response));
    this.#server.on('upgrade', (incoming, socket, head) => this.#onUpgrade(incoming, socket as Socket, head));
    this.#server.on('connect', (incoming, socket, head) => this.#onConnect(incoming, socket as Socket, head));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** What programs take as their proxy, for both http and https. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lets a job in until its grant is closed. */
  open(options: GrantOptions = {}): ProxyGrant {
    const forget = (closed: ProxyGrant) => void this.#grants.delete(closed.token);
    const grant = new ProxyGrant(compile(this.#policyOf(options.tenant)), options, forget);
    this.#grants.set(grant.token, grant);
    return grant;
  }

  /** Ends all connections, at once. */
  async stop(): Promise<void> {
    for (const grant of [...this.#grants.values()]) grant.close();
    for (const caller of this.#callers) caller.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #onRequest(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = ({ status, headers, text }: ProxyAnswer) => {
      incoming.resume();
      if (!response.headersSent) response.writeHead(status, headers).end(text);
    };
    await this.#enter(incoming, incoming.socket, refuse, async (entering) => {
      const to = await this.#dialUrl(incoming, entering);
      forward({ incoming, ...to, grant: entering.grant, idleMs: this.#idleMs }, response);
    });
  }

  async #onUpgrade(incoming: IncomingMessage, caller: Socket, head: Buffer): Promise<void> {
    const refuse = (answer: ProxyAnswer) => void caller.end(onTheWire(answer));
    await this.#enter(incoming, caller, refuse, async (entering) => {
      const to = await this.#dialUrl(incoming, entering);
      upgrade({ incoming, ...to, grant: entering.grant, idleMs: this.#idleMs }, caller, head);
    });
  }

  async #onConnect(incoming: IncomingMessage, caller: Socket, head: Buffer): Promise<void> {
    const refuse = (answer: ProxyAnswer) => void caller.end(onTheWire(answer));
    await this.#enter(incoming, caller, refuse, async (entering) => {
      const target = tunnelTarget(incoming.url ?? '');
      const outside = await this.#dial(target, entering);
      caller.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      join(caller, outside, { grant: entering.grant, host: target.host, idleMs: this.#idleMs, head });
    });
  }

  async #enter(
    incoming: IncomingMessage,
    caller: Socket,
    refuse: (answer: ProxyAnswer) => void,
    work: (entering: Entering) => Promise<void>,
  ): Promise<void> {
    const grant = this.#grants.get(proxyUser(incoming) ?? '');
    if (!grant) return refuse(UNKNOWN_CALLER);
    try {
      await work({ grant, caller });
    } catch (error) {
      if (error instanceof EgressDenied) grant.report(authorityOf(incoming), error.reason);
      refuse(error instanceof Refusal ? error.answer : answerTo(error));
    }
  }

  async #dialUrl(incoming: IncomingMessage, entering: Entering) {
    const written = /^(?:http|ws):(\/\/.*)$/i.exec(incoming.url ?? '')?.[1];
    if (!written) throw new Refusal(NOT_A_PROXY_REQUEST);
    const url = parseUrl(`http:${written}`);
    const target = targetOf(url);
    return { url, target, outside: await this.#dial(target, entering) };
  }

  async #dial(target: Target, { grant, caller }: Entering): Promise<Socket> {
    if (grant.full) {
      grant.report(target.host, 'connections');
      throw new Refusal(TOO_MANY_CONNECTIONS);
    }
    const gone = new AbortController();
    const leave = () => gone.abort(new Error('the caller went away'));
    caller.once('close', leave);
    try {
      const signal = AbortSignal.any([gone.signal, grant.signal]);
      const connecting = { ...this.#connecting, tenant: grant.tenant };
      return await grant.connect(() => connectChecked(target, false, grant.policy, connecting, signal));
    } catch (error) {
      throw failureOf(error, target.host, MAX_HEADER_BYTES);
    } finally {
      caller.off('close', leave);
    }
  }
}

/** The proxy answers by itself. */
class Refusal extends Error {
  constructor(readonly answer: ProxyAnswer) {
    super(answer.text);
  }
}

/** Whom a request names, without user-info, path and query: those may hold secrets. */
function authorityOf({ url = '' }: IncomingMessage): string {
  return /^(?:[a-z]+:\/\/)?(?:[^/?#]*@)?([^/?#@]*)/i.exec(url)?.[1] ?? '';
}

/** The target of a CONNECT. Both default ports are good: browsers open a tunnel for `ws://` too. */
function tunnelTarget(authority: string): Target {
  const port = /^(?:\[[0-9a-f:.]+\]|[^[\]:/?#@\\\s]+):(\d{1,5})$/i.exec(authority)?.[1];
  if (port === undefined) throw new Refusal(NOT_A_PROXY_REQUEST);
  const target = targetOf(parseUrl(`http://${authority}/`));
  return { ...target, defaultPort: target.port === 80 || target.port === 443 };
}

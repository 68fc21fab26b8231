import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { DenialReason } from './errors.js';
import type { CompiledPolicy } from './policy.js';

/** Something that the proxy refused. It never says what a name resolved to. */
export interface ProxyDenial {
  tenant: string | undefined;
  host: string;
  reason: DenialReason | 'bytes' | 'connections';
}

/** What one job may do. */
export interface GrantOptions {
  /** Whose policy counts; without it, the operator's. */
  tenant?: string;
  /** Bytes in both directions, over all connections; 100 MB by default. One more closes them all. */
  maxBytes?: number;
  /** Connections at once; 64 by default. */
  maxConnections?: number;
  /** Hears of everything that is refused. */
  onDenied?: (denial: ProxyDenial) => void;
}

/** The access of one job to the proxy. Close it when the job ends: all its connections end with it. */
export class ProxyGrant {
  /** The user name of `Proxy-Authorization: Basic`; any password does. */
  readonly token = randomBytes(32).toString('base64url');
  readonly #stop = new AbortController();
  readonly #sockets = new Set<Socket>();
  #dialling = 0;
  readonly #maxBytes: number;
  readonly #maxConnections: number;
  #bytes = 0;

  constructor(
    readonly policy: CompiledPolicy,
    private readonly options: GrantOptions,
    private readonly forget: (grant: ProxyGrant) => void,
  ) {
    this.#maxBytes = options.maxBytes ?? 100_000_000;
    this.#maxConnections = options.maxConnections ?? 64;
  }

  get tenant(): string | undefined {
    return this.options.tenant;
  }

  /** Bytes in both directions so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Aborts when the grant is closed, or has used up its bytes. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get full(): boolean {
    return this.#sockets.size + this.#dialling >= this.#maxConnections;
  }

  report(host: string, reason: ProxyDenial['reason']): void {
    this.options.onDenied?.({ tenant: this.tenant, host, reason });
  }

  /** Makes a connection to the outside, which counts from now on and ends when the grant ends. */
  async connect(dial: () => Promise<Socket>): Promise<Socket> {
    this.#dialling += 1;
    try {
      const socket = await dial();
      this.#adopt(socket);
      return socket;
    } finally {
      this.#dialling -= 1;
    }
  }

  /** Counts what comes out of `source`. Pipe it on in the same turn: counting makes it flow. */
  count<S extends Readable>(source: S, host: string): S {
    return source.on('data', (chunk: Buffer) => this.spend(chunk.length, host));
  }

  spend(bytes: number, host: string): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes || this.signal.aborted) return;
    this.report(host, 'bytes');
    this.#end();
  }

  close(): void {
    this.forget(this);
    this.#end();
  }

  #adopt(socket: Socket): void {
    if (this.signal.aborted) return void socket.destroy();
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #end(): void {
    this.#stop.abort(new Error('the access of the job to the proxy has ended'));
    for (const socket of this.#sockets) socket.destroy();
  }
}

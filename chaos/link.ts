import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Direction, Ending } from './plan.ts';

interface Pair {
  client: Socket;
  server: Socket;
}

/**
 * A TCP proxy between one process and one server, which can lose the bytes between them without closing anything. A cut
 * link stops reading, so that bytes wait in the buffers of the kernel as they would for a retransmission: TCP delivers
 * late or not at all, but never with a hole.
 */
export class Link {
  readonly #pairs = new Set<Pair>();
  readonly #server: Server;
  readonly #port: number;
  #cut: Direction | undefined;

  private constructor(server: Server, to: number) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#accept(client, to));
  }

  /** A link to the port `to` of this machine. */
  static async open(to: number): Promise<Link> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Link(server, to);
  }

  /** The same URL, by way of this link. */
  through(url: string): string {
    const by = new URL(url);
    by.port = String(this.#port);
    return by.href.replace(/\/$/, '');
  }

  /** From now on bytes go nowhere; connections stay open, and new ones get no answer. */
  cut(direction: Direction): void {
    this.#cut = direction;
    for (const pair of this.#pairs) this.#hold(pair);
  }

  /** Ends the cut. */
  mend(ending: Ending): void {
    this.#cut = undefined;
    for (const pair of this.#pairs) {
      if (ending === 'reset') for (const socket of [pair.client, pair.server]) socket.resetAndDestroy();
      else for (const socket of [pair.client, pair.server]) socket.resume();
    }
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) for (const socket of [pair.client, pair.server]) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket, to: number): void {
    const pair = { client, server: connect({ port: to, host: '127.0.0.1', noDelay: true }) };
    this.#pairs.add(pair);
    this.#pipe(client, pair.server, pair);
    this.#pipe(pair.server, client, pair);
    pair.server.once('connect', () => client.resume());
    client.pause();
    if (this.#cut) pair.server.once('connect', () => this.#hold(pair));
  }

  #pipe(from: Socket, to: Socket, pair: Pair): void {
    const isCut = () => this.#cut === 'both' || this.#cut === (from === pair.client ? 'requests' : 'answers');
    from.on('data', (bytes) => {
      if (to.destroyed || to.write(bytes)) return;
      from.pause();
      to.once('drain', () => isCut() || from.resume());
    });
    from.on('error', () => undefined); // 'close' follows
    from.on('end', () => to.end());
    from.on('close', (hadError) => {
      this.#pairs.delete(pair);
      if (hadError) to.resetAndDestroy();
      else to.end();
    });
  }

  #hold({ client, server }: Pair): void {
    if (this.#cut !== 'answers') client.pause();
    if (this.#cut !== 'requests') server.pause();
  }
}

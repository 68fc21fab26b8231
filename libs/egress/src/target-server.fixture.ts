import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A web server on an address of the loopback network, which counts who comes. */
export class TargetServer {
  readonly requests: IncomingMessage[] = [];
  connections = 0;
  answer: Answer = (_request, response) => void response.end('hello');
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly server: ReturnType<typeof createServer>,
    readonly address: string,
  ) {
    server.on('connection', (socket) => {
      this.connections++;
      this.#sockets.add(socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {}));
    });
  }

  static async start(address = '127.0.0.1', port = 0, tls?: { key: string; cert: string }): Promise<TargetServer> {
    const answer: Answer = (request, response) => {
      target.requests.push(request);
      target.answer(request, response);
    };
    const server = tls ? createTlsServer(tls, answer) : createServer(answer);
    const target: TargetServer = new TargetServer(server, address);
    server.listen(port, address);
    await once(server, 'listening');
    return target;
  }

  /** Servers on the same free port of two addresses. */
  static async startPair(one: string, other: string): Promise<[TargetServer, TargetServer]> {
    const first = await TargetServer.start(one);
    try {
      return [first, await TargetServer.start(other, first.port)];
    } catch (error) {
      await first.stop();
      // Somebody has that port of the other address already: the next one then.
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return TargetServer.startPair(one, other);
      throw error;
    }
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Sockets that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  url(path = '/', host = this.address): string {
    return `http://${host}:${this.port}${path}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    if (this.server.listening) await once(this.server, 'close');
  }
}

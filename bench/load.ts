import { connect, type Socket } from 'node:net';

/** What a load of requests saw. */
export interface LoadReport {
  requests: number;
  seconds: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Answers by status. */
  statuses: Record<string, number>;
}

/**
 * Sends `requests` requests over `connections` keep-alive connections, one at a time on each. Writes bytes to sockets
 * and reads only what it must, so that the client takes little of the processor that it shares with the server.
 */
export async function load(
  url: string,
  options: { connections: number; requests: number; request: () => string },
): Promise<LoadReport> {
  const statuses: Record<string, number> = {};
  const latencies: number[] = [];
  let left = options.requests;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: Math.min(options.connections, options.requests) }, async () => {
      const client = await Client.open(url);
      while (left > 0) {
        left -= 1;
        const sent = performance.now();
        const status = await client.send(options.request());
        latencies.push(performance.now() - sent);
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
      client.close();
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]!);
  return {
    requests: options.requests,
    seconds: round(seconds),
    perSecond: Math.round(options.requests / seconds),
    p50: at(0.5),
    p99: at(0.99),
    statuses,
  };
}

/** One POST of JSON, as bytes. */
export function post(path: string, body: string, headers: Record<string, string>): string {
  const lines = Object.entries({ host: 'localhost', 'content-type': 'application/json', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** One GET, as bytes. */
export function get(path: string, headers: Record<string, string>): string {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** One keep-alive connection, for one request at a time. */
export class Client {
  /** Of the last answer; a character for each byte. */
  body = '';
  #buffer = '';
  #answered: (status: string) => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('data', (chunk) => this.#read(String(chunk)));
    socket.on('close', () => this.#failed(new Error('the server closed the connection')));
  }

  static open(url: string): Promise<Client> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => resolve(new Client(socket)));
      socket.once('error', reject);
    });
  }

  /** False once the server has closed it, as it does with connections that are idle for long. */
  get isOpen(): boolean {
    return this.#socket.writable;
  }

  /** The status of the answer. */
  send(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#failed = () => undefined;
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    this.#buffer += chunk;
    const head = this.#buffer.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#buffer)?.[1] ?? 0);
    if (this.#buffer.length < head + 4 + length) return;
    const status = this.#buffer.slice(9, 12);
    this.body = this.#buffer.slice(head + 4, head + 4 + length);
    this.#buffer = this.#buffer.slice(head + 4 + length);
    this.#answered(status);
  }
}

/** Two decimals. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

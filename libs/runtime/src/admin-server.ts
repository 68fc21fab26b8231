import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the probes and the scraper ask for. */
export interface AdminOptions {
  /** 0 chooses a free port. */
  port: number;
  /** Default: every interface, since probes and scrapers come from outside the container. */
  host?: string;
  /** False, or a throw, takes the process out of load balancing. */
  ready: () => Promise<boolean> | boolean;
  /** The body of `/metrics`. */
  metrics: () => Promise<string>;
  /** The media type of that body. */
  contentType: string;
}

/** A running {@link startAdminServer}. */
export interface AdminServer {
  port: number;
  close(): Promise<void>;
}

interface Answer {
  status: number;
  body: string;
  type?: string;
}

/** Serves `/livez`, `/readyz` and `/metrics` apart from the API, so that they are never exposed with it. */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(request, options).then(
      (reply) => send(response, reply),
      () => send(response, { status: 500, body: 'error' }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        // Scrapers keep their connections alive, and close() would wait for them.
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, options: AdminOptions): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: 'method not allowed' };
  switch (request.url?.split('?')[0]) {
    case '/livez':
      return { status: 200, body: 'ok' };
    case '/readyz':
      return (await isReady(options)) ? { status: 200, body: 'ready' } : { status: 503, body: 'not ready' };
    case '/metrics':
      return { status: 200, body: await options.metrics(), type: options.contentType };
    default:
      return { status: 404, body: 'not found' };
  }
}

async function isReady({ ready }: AdminOptions): Promise<boolean> {
  try {
    return await ready();
  } catch {
    return false;
  }
}

function send(response: ServerResponse, { status, body, type = 'text/plain; charset=utf-8' }: Answer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

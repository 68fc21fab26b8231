import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { atEndOfFile } from '@tandem/testing/cleanup';
import { Webhook } from 'standardwebhooks';

/** A secret as Standard Webhooks writes it, of 32 times `letter`. */
export function secretOf(letter: string): string {
  return `whsec_${Buffer.from(letter.repeat(32)).toString('base64')}`;
}

/** One delivery that came in. */
export interface Delivery {
  path: string;
  headers: IncomingHttpHeaders;
  raw: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of a job
  body: any;
}

type Answer = (response: ServerResponse, delivery: Delivery) => void;

/** A receiver of callbacks on a port of its own. It keeps what comes in, and answers 200 until told otherwise. */
export class Receiver {
  readonly deliveries: Delivery[] = [];
  answer: Answer = (response) => void response.end();
  #server: Server | undefined;
  #port = 0;

  async start(): Promise<this> {
    const server = createServer(async (request, response) => {
      const raw = await text(request);
      const delivery = { path: request.url!, headers: request.headers, raw, body: JSON.parse(raw) };
      this.deliveries.push(delivery);
      this.answer(response, delivery);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    atEndOfFile(() => this.stop());
    return this;
  }

  /** Goes down; `start` brings it back on the same port. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  /** What came in about a job. */
  of(jobId: string): Delivery[] {
    return this.deliveries.filter(({ body }) => body.data.id === jobId);
  }
}

/** Whether the reference library of Standard Webhooks accepts a delivery; throws when it does not. */
export function verify({ raw, headers }: Delivery, secret: string): unknown {
  return new Webhook(secret).verify(raw, headers as Record<string, string>);
}

import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';

/** One request, as it goes over the wire. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
}

/** Sends one request over `socket` and waits for the headers of its answer. Rejects with the signal's reason. */
export function exchange(
  socket: Socket,
  hop: Hop,
  maxHeaderBytes: number,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // With a connection of its own and no agent, no proxy setting of the environment is asked (NODE_USE_ENV_PROXY).
    const sent = request({
      createConnection: () => socket,
      method: hop.method,
      path: hop.url.pathname + hop.url.search,
      headers: Object.fromEntries(hop.headers),
      setHost: false,
      maxHeaderSize: maxHeaderBytes,
      insecureHTTPParser: false,
    });
    const abort = () => {
      reject(signal.reason);
      sent.destroy();
    };
    signal.addEventListener('abort', abort, { once: true });
    sent.on('error', reject);
    sent.on('close', () => signal.removeEventListener('abort', abort));
    sent.once('response', (message) => {
      signal.removeEventListener('abort', abort);
      resolve(message);
    });
    sent.end(hop.body);
  });
}

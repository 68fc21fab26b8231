import { STATUS_CODES } from 'node:http';
import { EgressDenied, EgressError, EgressTimedOut } from './errors.js';

/** An answer of the proxy itself. */
export interface ProxyAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** Asks for credentials (RFC 9110, 15.5.8). */
export const UNKNOWN_CALLER = answer(407, 'The proxy does not know this caller.', {
  'proxy-authenticate': 'Basic realm="egress"',
});
export const NOT_A_PROXY_REQUEST = answer(400, 'This is a proxy for http:// URLs and CONNECT.');
export const TOO_MANY_CONNECTIONS = answer(503, 'The job has too many connections.');

/** What the caller is told of an error: never more than its `detail`. */
export function answerTo(error: unknown): ProxyAnswer {
  const detail = error instanceof EgressError ? error.detail : 'The request failed.';
  return answer(error instanceof EgressDenied ? 403 : error instanceof EgressTimedOut ? 504 : 502, detail);
}

/** The answer as bytes, for a socket that no HTTP server serves any more. It is the last one. */
export function onTheWire({ status, headers, text }: ProxyAnswer): string {
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`;
}

function answer(status: number, text: string, headers: Record<string, string> = {}): ProxyAnswer {
  const length = String(Buffer.byteLength(text));
  return {
    status,
    text,
    headers: { ...headers, 'content-type': 'text/plain; charset=utf-8', 'content-length': length },
  };
}

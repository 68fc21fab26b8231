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

/**
 * Tells answers of the proxy from those of hosts (RFC 9209): `Proxy-Status: egress; error=...`. No host can send it to an `http://`
 * URL; through a tunnel it can, as the proxy sees nothing of what is in there.
 */
export const PROXY_STATUS = 'proxy-status';
/** The error of an address that the policy refuses. */
export const PROHIBITED = 'destination_ip_prohibited';

/** What the caller is told of an error: never more than its `detail`. */
export function answerTo(error: unknown): ProxyAnswer {
  const detail = error instanceof EgressError ? error.detail : 'The request failed.';
  const [status, kind] = kindOf(error);
  return answer(status, detail, { [PROXY_STATUS]: `egress; error=${kind}` });
}

function kindOf(error: unknown): [number, string] {
  if (error instanceof EgressDenied) return [403, PROHIBITED];
  return error instanceof EgressTimedOut ? [504, 'connection_timeout'] : [502, 'destination_unavailable'];
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

import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { EgressTimedOut, failureOf } from './errors.js';
import type { Target } from './policy.js';
import { answerTo, onTheWire } from './proxy-answers.js';
import type { ProxyGrant } from './proxy-grant.js';
import { forwardedHeaders } from './proxy-headers.js';
import { hostHeader } from './route.js';

/** Largest headers, of requests and answers. */
export const MAX_HEADER_BYTES = 65_536;

/** A request of the caller, and the connection to the checked address of its target. */
export interface Forwarding {
  incoming: IncomingMessage;
  url: URL;
  target: Target;
  grant: ProxyGrant;
  outside: Socket;
  idleMs: number;
}

/** Passes a plain request on, and its answer back. */
export function forward(forwarding: Forwarding, response: ServerResponse): void {
  const { incoming, grant, target } = forwarding;
  const sent = passOn(forwarding, incoming.headers['transfer-encoding'] ? ['Transfer-Encoding', 'chunked'] : []);
  sent.on('error', (error) => {
    if (response.headersSent) return void response.destroy();
    const { status, headers, text } = answerTo(failureOf(error, target.host, MAX_HEADER_BYTES));
    response.writeHead(status, headers).end(text);
  });
  sent.on('response', (answer) => {
    answer.on('error', () => response.destroy());
    response.writeHead(answer.statusCode ?? 502, forwardedHeaders(answer));
    grant.count(answer, target.host).pipe(response);
  });
  response.on('close', () => sent.destroy());
  grant.count(incoming, target.host).pipe(sent);
}

/** Passes the handshake of a WebSocket on (RFC 6455), and joins both connections when it is accepted. */
export function upgrade(forwarding: Forwarding, caller: Socket, head: Buffer): void {
  const { target, grant, idleMs } = forwarding;
  const sent = passOn(forwarding, ['Connection', 'Upgrade', 'Upgrade', 'websocket']);
  sent.on('error', (error) => void caller.end(onTheWire(answerTo(failureOf(error, target.host, MAX_HEADER_BYTES)))));
  sent.on('response', (answer) => {
    answer.on('error', () => caller.destroy());
    caller.write(statusLine(answer, ['Connection', 'close', ...forwardedHeaders(answer)]));
    grant.count(answer, target.host).pipe(caller);
  });
  sent.on('upgrade', (answer, outside, early) => {
    caller.write(statusLine(answer, ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...forwardedHeaders(answer)]));
    join(caller, outside, { grant, host: target.host, idleMs, head, early });
  });
  caller.on('close', () => sent.destroy());
  sent.end();
}

/** Joins two connections: what comes from one goes to the other, and both end together. */
export function join(
  caller: Socket,
  outside: Socket,
  {
    grant,
    host,
    idleMs,
    head,
    early,
  }: { grant: ProxyGrant; host: string; idleMs: number; head: Buffer; early?: Buffer },
): void {
  grant.spend(head.length + (early?.length ?? 0), host);
  outside.write(head);
  if (early) caller.write(early);
  const end = () => {
    caller.destroy();
    outside.destroy();
  };
  for (const socket of [caller, outside]) socket.on('error', end).on('close', end);
  outside.setTimeout(idleMs, end);
  grant.count(caller, host).pipe(outside);
  grant.count(outside, host).pipe(caller);
}

function passOn({ incoming, url, target, outside, idleMs }: Forwarding, further: string[]): ClientRequest {
  const sent = request({
    createConnection: () => outside,
    method: incoming.method,
    path: url.pathname + url.search,
    // The target's own name, whatever Host the caller sent beside its URL (RFC 9112, 3.2.2).
    headers: ['Host', hostHeader(target), ...forwardedHeaders(incoming), ...further],
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
  });
  return sent.setTimeout(idleMs, () => sent.destroy(new EgressTimedOut('idle', idleMs)));
}

function statusLine({ statusCode, statusMessage }: IncomingMessage, headers: string[]): string {
  const lines = headers.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`));
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('')}\r\n`;
}

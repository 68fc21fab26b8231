import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Problem } from './problem.js';

const TOO_LONG = 431;

/** Answers what Node's parser takes for no HTTP, before there is a request: in words, as every other mistake. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  // Gone, or silent for too long: nobody reads an answer.
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const { problem, status } = problemOf(error.code);
  const body = JSON.stringify({ ...problem.document(undefined), status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function problemOf(code: string | undefined): { problem: Problem; status: number } {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const problem = new Problem(
      'malformed_request',
      'The URL and the headers are too long together. Send less of them.',
    );
    return { problem, status: TOO_LONG };
  }
  const detail =
    code === 'HPE_INVALID_URL'
      ? 'The URL has characters that it must not have. Percent-encode what is not ASCII: é is %C3%A9, a space is %20.'
      : 'This is not a valid HTTP request. Check the method, the headers and the length of the body.';
  const problem = new Problem('malformed_request', detail);
  return { problem, status: problem.status };
}

import type { ErrorCode } from '@tandem/contracts/errors';
import { currentTraceId } from '@tandem/telemetry/propagation';
import type { FastifyReply } from 'fastify';
import { Problem } from '../http/problem.js';

const CODES: Record<number, ErrorCode> = {
  403: 'invalid_input',
  404: 'not_found',
  409: 'conflict',
  410: 'not_found',
  412: 'invalid_input',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  423: 'conflict',
};

/** A refusal of the protocol's server as a problem document, with the status that the protocol gives it. */
export function tusProblem(status: number, text: string, reply: FastifyReply): FastifyReply {
  const code = CODES[status] ?? (status >= 500 ? 'internal' : 'malformed_body');
  const document = { ...new Problem(code, text.trim()).document(currentTraceId()), status };
  if (status === 413) reply.header('connection', 'close');
  return reply.status(status).type('application/problem+json').send(JSON.stringify(document));
}

import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Logger } from '@tandem/telemetry/logger';
import { currentTraceId } from '@tandem/telemetry/propagation';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthError } from '../identity/auth-error.js';
import { isStreamed } from './bodies.js';
import { isDatabaseAway } from './database-away.js';
import { Problem } from './problem.js';

/** Answers every error as a problem document. An error that nobody foresaw is logged, and the caller gets only the trace id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = problemOf(error, request);
    if (problem.code === 'internal') this.log.error({ err: error, route: request.routeOptions.url }, 'request failed');
    if (problem.code === 'unavailable' && problem !== error)
      this.log.warn({ err: error, route: request.routeOptions.url }, 'database away');
    if (reply.raw.headersSent) return void reply.raw.destroy();
    // Nobody reads the rest of a body that was given up, so no other request can follow on this connection.
    if (problem.status === 413 || (request.raw.readableDidRead && !request.raw.complete))
      reply.header('connection', 'close');
    send(problem, reply);
  }
}

/** Answers a path that the router refuses before any hook runs: bad percent-encoding, or a segment that is too long. */
export function refusePath(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  send(nothingAt(request), reply);
}

function send(problem: Problem, reply: FastifyReply): void {
  void reply
    .status(problem.status)
    .header('cache-control', 'no-store')
    .headers(problem.headers)
    .type('application/problem+json')
    .send(JSON.stringify(problem.document(currentTraceId())));
}

function problemOf(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof AuthError) {
    const headers: Record<string, string> = error.code === 'unauthenticated' ? { 'WWW-Authenticate': 'Bearer' } : {};
    return new Problem(error.code, error.detail, undefined, headers);
  }
  if (error instanceof HttpException && error.getStatus() === 404) return nothingAt(request);
  // Nest wraps Fastify's own refusals of a body.
  if (error instanceof HttpException && error.cause) return problemOf(error.cause, request);
  if (error instanceof HttpException && error.getStatus() === 400) return notJson();
  // A reset may have been the caller's, in the middle of its body, or the database's: only the first is the caller's to mend.
  if (request.raw.complete && isDatabaseAway(error)) {
    return new Problem('unavailable', 'The database does not answer. Send the request again.', undefined, {
      'Retry-After': '1',
    });
  }
  switch ((error as { code?: unknown } | null)?.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
    case 'FST_REQ_FILE_TOO_LARGE':
      return new Problem(
        'payload_too_large',
        'The body is larger than this route takes. Send files to POST /v1/objects.',
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem(
        'unsupported_media_type',
        isStreamed(request)
          ? 'The Content-Type is not a media type. Correct it or leave it out.'
          : 'Send JSON, with Content-Type: application/json.',
      );
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return notJson();
    case 'ERR_STREAM_PREMATURE_CLOSE':
    case 'ECONNRESET':
      return new Problem('malformed_body', 'The body ended before it was complete. Send it again.');
    default: {
      const status = (error as { statusCode?: unknown } | null)?.statusCode;
      if (typeof status === 'number' && status >= 400 && status < 500) {
        return new Problem('malformed_body', 'The request cannot be read. Check its headers and its body.');
      }
      return new Problem('internal', 'Something failed on our side. Give the trace id to the operator.');
    }
  }
}

function nothingAt(request: FastifyRequest): Problem {
  const path = request.url.split('?')[0];
  return new Problem('not_found', `There is nothing at ${request.method} ${path}. /openapi.json lists what there is.`);
}

function notJson(): Problem {
  return new Problem('malformed_body', 'The body is not JSON. Check its quotes, commas and brackets.');
}

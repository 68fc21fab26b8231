import multipart from '@fastify/multipart';
import { context } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** JSON requests are small; files go to `POST /v1/objects`, which reads its stream itself. */
export const JSON_LIMIT_BYTES = 1024 * 1024;

/** Route configuration of a route that reads its body as a stream, whatever its type. */
export const STREAMED = { streamed: true };

/** Route configuration of a route that takes JSON, or a form that it reads itself. */
export const FORMS = { forms: true };

/** Route configuration of a route whose JSON may be so large. */
export function jsonUpTo(bytes: number): { jsonBytes: number } {
  return { jsonBytes: bytes };
}

/** Teaches Fastify the bodies that Tandem takes: JSON everywhere; on streamed routes anything, unread. */
export async function acceptBodies(server: FastifyInstance, maxObjectBytes: number): Promise<void> {
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  // One byte and one file more than allowed: busboy would cut off the rest without a word, whereas we count and refuse.
  const limits = { fileSize: maxObjectBytes + 1, files: 2, fields: 10, fieldSize: 4_096, parts: 12 };
  await server.register(multipart, { limits, throwFileSizeLimit: false });
  server.addHook('preValidation', (request, _reply, done) => {
    if (request.isMultipart() && !request.is404 && !isStreamed(request) && !takesForms(request)) done(notJson());
    else done();
  });
  server.addContentTypeParser('*', (request, payload, parsed) => {
    if (isStreamed(request)) return parsed(null, payload);
    // The stream's events run outside the request's context; the handler must not, or its trace would end here.
    const active = context.active();
    const done = (error: Error | null, body?: unknown) => context.with(active, () => parsed(error, body));
    if (!/^application\/(json|[a-z0-9.-]+\+json)\b/i.test(request.headers['content-type'] ?? '')) {
      return done(notJson());
    }
    const limit = jsonLimit(request);
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) return void chunks.push(chunk);
      payload.off('data', take);
      done(Object.assign(new Error('too large'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }));
    };
    payload.on('data', take);
    payload.on('error', done);
    payload.on('end', () => {
      if (size > limit) return;
      if (size === 0)
        return done(Object.assign(new Error('empty'), { code: 'FST_ERR_CTP_EMPTY_JSON_BODY', statusCode: 400 }));
      void parseJson(request, Buffer.concat(chunks).toString('utf8'), (error, value) => {
        done(error, value);
      });
    });
  });
}

function notJson(): Error {
  return Object.assign(new Error('not JSON'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 });
}

/** True for a request whose route reads its body as a stream. */
export function isStreamed(request: FastifyRequest): boolean {
  return (request.routeOptions.config as { streamed?: boolean }).streamed === true;
}

function jsonLimit(request: FastifyRequest): number {
  return (request.routeOptions.config as { jsonBytes?: number }).jsonBytes ?? JSON_LIMIT_BYTES;
}

function takesForms(request: FastifyRequest): boolean {
  return (request.routeOptions.config as { forms?: boolean }).forms === true;
}

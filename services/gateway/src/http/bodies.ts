import multipart from '@fastify/multipart';
import { context } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** JSON requests are small; files go to `POST /v1/objects`, which reads its stream itself. */
export const JSON_LIMIT_BYTES = 1024 * 1024;

/** Route configuration of a route that reads its body as a stream, whatever its type. */
export const STREAMED = { streamed: true };

/** Teaches Fastify the bodies that Tandem takes: JSON everywhere; on streamed routes anything, unread. */
export async function acceptBodies(server: FastifyInstance, maxObjectBytes: number): Promise<void> {
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  await server.register(multipart, { limits: { fileSize: maxObjectBytes, files: 1, fields: 10, parts: 11 } });
  server.addContentTypeParser('*', (request, payload, parsed) => {
    // The stream's events run outside the request's context; the handler must not, or its trace would end here.
    const done = context.bind(context.active(), parsed);
    if (isStreamed(request)) return done(null, payload);
    if (!/^application\/(json|[a-z0-9.-]+\+json)\b/i.test(request.headers['content-type'] ?? '')) {
      return done(Object.assign(new Error('not JSON'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }));
    }
    const chunks: Buffer[] = [];
    let size = 0;
    payload.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= JSON_LIMIT_BYTES) chunks.push(chunk);
      else done(Object.assign(new Error('too large'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }));
    });
    payload.on('error', done);
    payload.on('end', () => {
      if (size > JSON_LIMIT_BYTES) return;
      if (size === 0)
        return done(Object.assign(new Error('empty'), { code: 'FST_ERR_CTP_EMPTY_JSON_BODY', statusCode: 400 }));
      void parseJson(request, Buffer.concat(chunks).toString('utf8'), (error, value) => {
        done(error, value);
      });
    });
  });
}

function isStreamed(request: FastifyRequest): boolean {
  return (request.routeOptions.config as { streamed?: boolean }).streamed === true;
}

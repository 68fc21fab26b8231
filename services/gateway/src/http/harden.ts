import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';

const TUS_REQUEST_HEADERS = [
  'tus-resumable',
  'upload-length',
  'upload-defer-length',
  'upload-metadata',
  'upload-offset',
  'x-requested-with',
];
const TUS_ANSWER_HEADERS = [
  'tus-resumable',
  'tus-version',
  'tus-extension',
  'tus-max-size',
  'upload-defer-length',
  'upload-expires',
  'upload-length',
  'upload-metadata',
  'upload-offset',
  'tandem-object',
];

/** Security headers, and CORS for the origins on the list; with an empty list no browser may call from another site. */
export async function harden(server: FastifyInstance, corsOrigins: string[]): Promise<void> {
  const headers = await securityHeaders(corsOrigins);
  server.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  await server.register(cors, {
    origin: corsOrigins.length > 0 ? corsOrigins : false,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'idempotency-key',
      'if-match',
      'if-none-match',
      'if-range',
      'prefer',
      'last-event-id',
      'range',
      'traceparent',
      'tandem-tenant',
      ...TUS_REQUEST_HEADERS,
    ],
    exposedHeaders: [
      'location',
      'content-disposition',
      'etag',
      'content-range',
      'retry-after',
      'ratelimit',
      'ratelimit-policy',
      'idempotency-replayed',
      'preference-applied',
      ...TUS_ANSWER_HEADERS,
    ],
    maxAge: 600,
  });
}

/** Helmet's headers, asked for once: they are the same for every answer, and making them anew costs 50 µs a request. */
function securityHeaders(corsOrigins: string[]): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => {
      headers[name.toLowerCase()] = value;
    },
    removeHeader: () => undefined,
  };
  const middleware = helmet({
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // Swagger UI sets style attributes.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        // Helmet would upgrade to https, which a gateway on plain http behind a proxy does not speak.
        upgradeInsecureRequests: null,
      },
    },
    crossOriginResourcePolicy: { policy: corsOrigins.length > 0 ? 'cross-origin' : 'same-origin' },
  });
  return new Promise((resolve, reject) => {
    middleware({} as never, response as never, (error?: unknown) => (error ? reject(error) : resolve(headers)));
  });
}

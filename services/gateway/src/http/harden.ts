import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** Security headers, and CORS for the origins on the list; with an empty list no browser may call from another site. */
export async function harden(server: FastifyInstance, corsOrigins: string[]): Promise<void> {
  await server.register(helmet, {
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
  await server.register(cors, {
    origin: corsOrigins.length > 0 ? corsOrigins : false,
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'idempotency-key',
      'prefer',
      'last-event-id',
      'range',
      'traceparent',
      'tandem-tenant',
    ],
    exposedHeaders: [
      'location',
      'etag',
      'content-range',
      'retry-after',
      'ratelimit',
      'ratelimit-policy',
      'idempotency-replayed',
      'preference-applied',
    ],
    maxAge: 600,
  });
}

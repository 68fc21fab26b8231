import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, type Logger, NestLogger } from '@tandem/telemetry/logger';
import { AuthModule } from './auth.module.js';
import type { AuthConfig } from './config.js';
import { openSigningKey } from './signing-key.js';

/** A running auth service. */
export interface Auth {
  /** Without a slash at its end; the key set is at `/auth/v1/.well-known/jwks.json`. */
  url: string;
  close(): Promise<void>;
}

/** Starts the development issuer. Throws a `ConfigError` in production and where Supabase issues the tokens. */
export async function startAuth(config: AuthConfig, logger: Logger = createLogger('auth')): Promise<Auth> {
  const key = await openSigningKey(config);
  const adapter = new FastifyAdapter({ forceCloseConnections: true });
  const app = await NestFactory.create<NestFastifyApplication>(AuthModule.register(key), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  await app.listen(config.AUTH_PORT, config.AUTH_HOST);
  logger.warn({ kid: key.kid, issuer: config.JWT_ISSUER }, 'development issuer: its tokens are for development only');
  return { url: (await app.getUrl()).replace(/\/$/, ''), close: () => app.close() };
}

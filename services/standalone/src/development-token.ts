import { mintToken } from '@tandem/auth/mint-token';
import { openSigningKey } from '@tandem/auth/signing-key';
import type { StandaloneConfig } from './config.js';

/** The user whom the tour and `npm run token` sign in, unless told otherwise. */
export const DEMO_USER = '8f14e45f-ceea-467f-9ad6-5c1d1b5f3a10';
/** Their tenant. */
export const DEMO_TENANT = 'demo';

/** Whom a token is for. */
export interface TokenRequest {
  sub?: string;
  tenant?: string;
  role?: 'authenticated' | 'service_role';
  expiresInSeconds?: number;
}

/** A token of the development issuer. Throws in production and where `SUPABASE_URL` is set: there Supabase signs. */
export async function developmentToken(
  config: StandaloneConfig,
  environment: NodeJS.ProcessEnv,
  request: TokenRequest = {},
): Promise<string> {
  const key = await openSigningKey({ ...environment, TANDEM_DATA: config.TANDEM_DATA });
  return mintToken(key, {
    sub: request.sub ?? DEMO_USER,
    tenant: request.tenant ?? DEMO_TENANT,
    role: request.role ?? 'authenticated',
    expiresInSeconds: request.expiresInSeconds ?? 3600,
    issuer: config.JWT_ISSUER,
  });
}

import { ConfigError } from '@tandem/runtime/config';
import type { GatewayConfig } from '../config.js';
import { KeyRing } from './key-ring.js';
import { TokenVerifier } from './token-verifier.js';

type IdentityConfig = Pick<
  GatewayConfig,
  'SUPABASE_URL' | 'JWKS_URL' | 'JWT_ISSUER' | 'JWT_AUDIENCE' | 'SUPABASE_JWT_SECRET'
>;

/**
 * The verifier that the settings ask for. Begins to fetch the keys, and does not wait for them: a gateway starts while
 * the issuer is down. Throws a `ConfigError` when the settings name no keys or no issuer.
 */
export function verifierOf(config: IdentityConfig): TokenVerifier {
  const base = config.SUPABASE_URL?.replace(/\/+$/, '');
  const jwksUrl = config.JWKS_URL ?? (base && `${base}/auth/v1/.well-known/jwks.json`);
  const issuer = config.JWT_ISSUER ?? (base && `${base}/auth/v1`);
  if (!jwksUrl && !config.SUPABASE_JWT_SECRET) {
    throw new ConfigError(
      'SUPABASE_URL: is required, or JWKS_URL, or SUPABASE_JWT_SECRET: tokens cannot be verified without keys',
    );
  }
  if (!issuer)
    throw new ConfigError('JWT_ISSUER: is required where SUPABASE_URL is not set: the iss of the tokens to accept');
  const keyRing = new KeyRing({ jwksUrl, legacySecret: config.SUPABASE_JWT_SECRET });
  void keyRing.warmUp();
  return new TokenVerifier({ keyRing, issuer, audience: config.JWT_AUDIENCE });
}

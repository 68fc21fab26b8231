import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { SigningKey } from './signing-key.js';

/** Whom a token is for. */
export interface TokenRequest {
  /** The user's id: a UUID. */
  sub: string;
  /** Becomes `app_metadata.tenant_id`. */
  tenant?: string;
  role?: 'authenticated' | 'service_role';
  email?: string;
  expiresInSeconds?: number;
  /** Becomes `app_metadata.scopes`. Without it the token has every scope. */
  scopes?: readonly string[];
  issuer: string;
  /** Milliseconds since the epoch. */
  now?: number;
}

/**
 * An access token with the claims that Supabase gives, in its order, for a user who signed in with a password.
 * Source: supabase/auth internal/tokens/service.go.
 */
export function mintToken(key: SigningKey, request: TokenRequest): Promise<string> {
  const {
    sub,
    tenant,
    role = 'authenticated',
    email = '',
    expiresInSeconds = 3600,
    scopes,
    issuer,
    now = Date.now(),
  } = request;
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT({
    iss: issuer,
    sub,
    aud: 'authenticated',
    exp: issuedAt + expiresInSeconds,
    iat: issuedAt,
    email,
    phone: '',
    app_metadata: { provider: 'email', providers: ['email'], tenant_id: tenant, scopes },
    user_metadata: {},
    role,
    aal: 'aal1',
    amr: [{ method: 'password', timestamp: issuedAt }],
    session_id: randomUUID(),
    is_anonymous: false,
  })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'JWT' })
    .sign(key.privateKey);
}

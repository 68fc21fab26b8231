import type { JWTPayload } from 'jose';
import { AuthError, notAccepted } from './auth-error.js';
import type { VerificationKey } from './jwks.js';
import type { Principal } from './principal.js';

/** What the claims of a token must say. */
export interface Expectations {
  issuer: string;
  audience: string;
}

/** A {@link Principal} whose tenant may still have to be named by the request. */
export type Identity = Omit<Principal, 'tenant'> & { tenant?: string };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Tenants become parts of object keys: no slash, and no leading dot, since `..` would climb. */
const TENANT = /^\w[\w.-]{0,127}$/;

/**
 * Reads the claims of a token whose signature and times are already verified. `user_metadata` is never looked at: users
 * write it themselves. Without `app_metadata.scopes` a token has every scope, as it has every right of its user in
 * Supabase; a list narrows it.
 */
export function identityOf(claims: JWTPayload, alg: VerificationKey['alg'], expected: Expectations): Identity {
  const legacyApiKey = isLegacyApiKey(claims, alg);
  if (!legacyApiKey) {
    if (claims.iss !== expected.issuer) throw notAccepted(`iss is ${claims.iss === undefined ? 'missing' : 'another'}`);
    if (![claims.aud].flat().includes(expected.audience)) throw notAccepted('aud is another');
  }
  const { role, sub, session_id: session } = claims;
  if (role !== 'authenticated' && role !== 'service_role') {
    throw new AuthError(
      'forbidden',
      'Sign in first: this takes the access token of a user.',
      'the role gives no access',
    );
  }
  if (role === 'authenticated' && !(typeof sub === 'string' && UUID.test(sub))) throw notAccepted('sub is not a UUID');
  const actor = typeof sub === 'string' && sub !== '' ? sub : 'service_role';
  const { tenant_id, scopes } = recordOf(claims.app_metadata);
  return {
    tenant: tenantOf(tenant_id) ?? (role === 'authenticated' ? actor : undefined),
    actor,
    role,
    scopes: scopesOf(scopes),
    sessionId: typeof session === 'string' ? session : undefined,
    expiresAt: claims.exp! * 1000,
  };
}

/** The principal of one request. Throws an {@link AuthError} when no tenant is known, or `hint` names another one. */
export function principalOf(identity: Identity, hint: string | undefined): Principal {
  if (hint !== undefined && !TENANT.test(hint)) {
    throw new AuthError('forbidden', 'The header Tandem-Tenant takes 1 to 128 letters, digits, "-", "_" and ".".');
  }
  const { tenant = hint, ...rest } = identity;
  if (tenant === undefined) {
    throw new AuthError('forbidden', 'A service_role token acts for one tenant: name it in the header Tandem-Tenant.');
  }
  if (hint !== undefined && hint !== tenant) {
    throw new AuthError('forbidden', 'The header Tandem-Tenant names another tenant than the token. Leave it out.');
  }
  return { ...rest, tenant };
}

/** Legacy API keys, `{ iss: "supabase", ref, role, iat, exp }`, have neither `sub` nor `aud`; only the secret signs them. */
function isLegacyApiKey({ iss, sub, aud, role }: JWTPayload, alg: VerificationKey['alg']): boolean {
  const keyRole = role === 'service_role' || role === 'anon';
  return alg === 'HS256' && iss === 'supabase' && sub === undefined && aud === undefined && keyRole;
}

/** A tenant that cannot be used is an error, not a reason to fall back to the user: data would land in the wrong place. */
function tenantOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && TENANT.test(value)) return value;
  throw new AuthError(
    'forbidden',
    'The tenant of the access token cannot be used. Ask the operator of this app.',
    'tenant_id is unusable',
  );
}

/** Anything but a list of strings grants nothing. */
function scopesOf(value: unknown): Principal['scopes'] {
  if (value === undefined || value === null) return 'all';
  return new Set(Array.isArray(value) ? value.filter((scope) => typeof scope === 'string') : []);
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

import type { AccessToken } from './access-token.js';

/** Who calls, as a verified token says. */
export interface Principal {
  /** Whose data this is: `app_metadata.tenant_id`, or the user where there is none. */
  tenant: string;
  /** The user's id, or `service_role`. */
  actor: string;
  role: 'authenticated' | 'service_role';
  scopes: ReadonlySet<string> | 'all';
  /** Supabase's session, for revocation. */
  sessionId?: string;
  /** What they showed, to act for them at Supabase within this request; never stored. */
  token?: AccessToken;
  /** End of the token, in milliseconds since the epoch. */
  expiresAt: number;
}

/** True when the principal may do what `scope` names, such as `media:write`. */
export function allows(principal: Principal, scope: string): boolean {
  return principal.scopes === 'all' || principal.scopes.has(scope);
}

import type { FastifyReply } from 'fastify';
import { requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { PlainName } from './preset.js';

/** What has a name and versions concerns everybody of its tenant, so a user's token must name `scope`: the absence of a list is not enough. */
export function requireManager(caller: Principal, scope: string): void {
  if (caller.role === 'service_role') requireScope(caller, scope);
  else if (caller.scopes === 'all' || !caller.scopes.has(scope))
    throw new Problem('forbidden', `This takes a service_role token, or one that names the scope ${scope}.`);
}

/** The name under which a preset or template is kept: one without a version. */
export function plainName(name: string, what: 'preset' | 'template'): string {
  if (PlainName.safeParse(name).success) return name;
  const detail = name.includes('@')
    ? `a version never changes and goes with its ${what}: leave out the @ and what follows`
    : 'must be 1 to 64 lower-case letters, digits, "-" or "_"';
  throw new Problem('invalid_input', `The name of the ${what} is not valid: ${detail}.`, [
    { pointer: '/name', detail },
  ]);
}

/** Says which version is answered, for `If-Match`; whoever keeps it must ask again. */
export function markVersion(reply: FastifyReply, etag: string): void {
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
}

import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessToken } from '../identity/access-token.js';
import { AuthError } from '../identity/auth-error.js';
import { allows, type Principal } from '../identity/principal.js';
import { TokenVerifier } from '../identity/token-verifier.js';
import { Problem } from './problem.js';
import { RateLimit } from './rate-limit.js';

const PUBLIC = Symbol('public route');

/** Opens a route to everybody. Without it a route wants a token. */
export const Public = () => SetMetadata(PUBLIC, true);

type Authenticated = FastifyRequest & { principal?: Principal };

/** The verified caller of the request. */
export const Caller = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<Authenticated>().principal,
);

/** Verifies the token and counts the request against its owner's limit; failed sign-ins count against the address. */
@Injectable()
export class CallerGuard implements CanActivate {
  readonly #reflector = new Reflector();

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly limit: RateLimit,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.#reflector.getAllAndOverride(PUBLIC, [context.getHandler(), context.getClass()])) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<Authenticated>();
    request.principal = await this.identify(request, http.getResponse<FastifyReply>());
    return true;
  }

  /** Who sent the request. Throws an `AuthError`, or a `Problem` `rate_limited`. */
  async identify(request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
    const principal = await this.#verify(request, reply);
    await this.limit.count(`principal:${principal.tenant}:${principal.actor}`, reply);
    return principal;
  }

  async #verify(request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
    try {
      const token = bearer(request);
      const principal = await this.verifier.verify(token, header(request, 'tandem-tenant'));
      return { ...principal, token: new AccessToken(token) };
    } catch (error) {
      if (error instanceof AuthError && error.code !== 'unavailable')
        await this.limit.count(`address:${request.ip}`, reply);
      throw error;
    }
  }
}

/** Throws a `Problem` `forbidden` when the caller lacks `scope`. */
export function requireScope(principal: Principal, scope: string): void {
  if (!allows(principal, scope))
    throw new Problem('forbidden', `This needs the scope ${scope}, which your token does not have.`);
}

function bearer(request: FastifyRequest): string {
  const match = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  if (match) return match[1]!;
  throw new AuthError(
    'unauthenticated',
    'Send the Supabase access token of your user: "Authorization: Bearer <token>".',
  );
}

/** The single value of a header. */
export function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

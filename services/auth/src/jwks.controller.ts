import { Controller, Get, Header, Inject } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import { SIGNING_KEY, type SigningKey } from './signing-key.js';

/** The paths that Supabase's auth server has too. */
@Controller()
export class JwksController {
  constructor(@Inject(SIGNING_KEY) private readonly key: SigningKey) {}

  /** Public keys only. Cached as long as Supabase's. */
  @Get('auth/v1/.well-known/jwks.json')
  @Header('Cache-Control', 'public, max-age=600')
  keys(): JSONWebKeySet {
    return { keys: [this.key.publicJwk] };
  }

  @Get('health')
  @Header('Cache-Control', 'no-store')
  health(): { status: 'ok' } {
    return { status: 'ok' };
  }
}

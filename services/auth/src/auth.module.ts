import { type DynamicModule, Module } from '@nestjs/common';
import { JwksController } from './jwks.controller.js';
import { SIGNING_KEY, type SigningKey } from './signing-key.js';

/** The composition root of the auth service. */
@Module({})
export class AuthModule {
  static register(key: SigningKey): DynamicModule {
    return { module: AuthModule, controllers: [JwksController], providers: [{ provide: SIGNING_KEY, useValue: key }] };
  }
}

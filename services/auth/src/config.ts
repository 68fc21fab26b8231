import { port } from '@tandem/runtime/config';
import { z } from 'zod';

/** The settings of the auth service, each an environment variable. */
export const AuthConfig = z.object({
  AUTH_PORT: port(3001).meta({ description: 'Port of the development issuer; 0 takes any free one' }),
  AUTH_HOST: z.string().default('127.0.0.1').meta({ description: 'Address to listen on; 0.0.0.0 in a container' }),
  TANDEM_DATA: z
    .string()
    .default('.tandem')
    .meta({ description: 'Folder that keeps the signing key, as auth/signing-key.json' }),
  JWT_ISSUER: z
    .string()
    .default('http://localhost:3000/auth/v1')
    .meta({ description: 'iss of the tokens; the gateway needs the same' }),
  SUPABASE_URL: z
    .string()
    .optional()
    .meta({ description: 'Your Supabase project. It issues the tokens then, and this issuer refuses to start' }),
  NODE_ENV: z.string().optional().meta({ description: 'With production, the development issuer refuses to start' }),
});
export type AuthConfig = z.output<typeof AuthConfig>;

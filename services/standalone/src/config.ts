import { port } from '@tandem/runtime/config';
import { z } from 'zod';

/** Settings of the standalone process itself; those of the services apply as well. */
export const StandaloneConfig = z.object({
  TANDEM_DATA: z
    .string()
    .default('.tandem')
    .meta({ description: 'Folder for everything that the embedded servers keep' }),
  PORT: port(3000).meta({ description: 'Port of the REST API; 0 takes any free one' }),
  ADMIN_PORT: port(0).meta({ description: 'Port of /metrics; 0 takes any free one' }),
  DATABASE_URL: z.string().optional().meta({ description: 'A PostgreSQL of your own instead of the embedded one' }),
  NATS_URL: z.string().optional().meta({ description: 'A NATS of your own instead of the embedded one' }),
  NATS_SERVER_BIN: z.string().optional().meta({ description: 'Path of nats-server 2.12 or newer' }),
  SUPABASE_URL: z
    .url()
    .optional()
    .meta({ description: 'Your Supabase project; without it a development issuer signs tokens' }),
  JWKS_URL: z.url().optional().meta({ description: 'Signing keys, when they are not at SUPABASE_URL' }),
  JWT_ISSUER: z.string().default('http://localhost/auth/v1').meta({ description: 'iss of the development issuer' }),
});
export type StandaloneConfig = z.output<typeof StandaloneConfig>;

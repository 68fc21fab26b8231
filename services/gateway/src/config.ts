import { egressSettings } from '@tandem/egress/settings';
import { flag, int, list, port } from '@tandem/runtime/config';
import { completeStorage, storageSettings } from '@tandem/storage/storage-settings';
import { z } from 'zod';
import { isSigningSecret } from './callbacks/sign-callback.js';

const Settings = z.object({
  PORT: port(3000).meta({ description: 'Port of the REST API; 0 takes any free one' }),
  HOST: z.string().default('127.0.0.1').meta({ description: 'Address to listen on; 0.0.0.0 in a container' }),
  ADMIN_PORT: port(9464).meta({ description: 'Port of /metrics, /livez and /readyz; 0 takes any free one' }),
  DATABASE_URL: z.string().meta({ description: 'PostgreSQL; transaction pooling is fine' }),
  DATABASE_POOL: int(10, { min: 2, max: 200 }).meta({ description: 'Connections to PostgreSQL' }),
  DATABASE_PREPARE: flag(false).meta({
    description: 'Prepare statements by name: faster; not through a pooler in transaction mode, unless it follows them',
  }),
  NATS_URL: z.string().meta({ description: 'NATS with JetStream, 2.12 or newer; several addresses with commas' }),
  NATS_REPLICAS: int(1, { min: 1, max: 5 }).meta({ description: 'Copies of each stream; 3 on a NATS cluster' }),
  ...storageSettings,
  OBJECT_MAX_MB: int(100, { min: 1, max: 5_000 }).meta({
    description: 'Largest upload, in megabytes (1,000,000 bytes)',
  }),
  SUPABASE_URL: z.url().optional().meta({ description: 'Your Supabase project; its JWKS and issuer follow from it' }),
  SUPABASE_ANON_KEY: z.string().optional().meta({
    description: 'Publishable or anon key of the project, for the header `apikey`; Supabase Storage is asked with it',
  }),
  SUPABASE_SOURCE_HOURS: int(24, { min: 1, max: 8_760 }).meta({
    description: 'Hours for which a job may read a source in Supabase Storage, counted from its submission',
  }),
  JWKS_URL: z.url().optional().meta({ description: 'Signing keys, when they are not at SUPABASE_URL' }),
  JWT_ISSUER: z.string().optional().meta({ description: 'Expected iss; default SUPABASE_URL/auth/v1' }),
  JWT_AUDIENCE: z.string().default('authenticated').meta({ description: 'Expected aud' }),
  SUPABASE_JWT_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .meta({ description: 'Legacy HS256 secret; leave it unset when your project signs with ES256 or RS256' }),
  SIGNING_KEYS: list().meta({
    description:
      'Keys of signed links and image URLs, id:secret with commas; the first signs, all verify. Without one there are no such links',
  }),
  PRESETS_FILE: z.string().optional().meta({
    description: 'JSON file of presets for every tenant: names with image options, or with a list of versions',
  }),
  TEMPLATES_DIR: z.string().optional().meta({
    description:
      'Folder of document templates for every tenant, one in each sub-folder; read at the start. Without it those that are shared stay',
  }),
  IMAGE_FREE_OPTIONS: flag(false).meta({
    description:
      'Whether images can be asked for by any options, /v1/images/{object}/_?width=200, and not by presets only',
  }),
  IMAGE_CONCURRENCY: int(8, { min: 1, max: 1_000 }).meta({
    description: 'Images that this gateway has made at once; eight times as many wait, the rest is answered 503',
  }),
  IMAGE_CACHE_DIR: z.string().optional().meta({
    description: 'Folder of the image cache, one for each gateway; default images, beside STORAGE_DIR',
  }),
  IMAGE_CACHE_MB: int(1_000, { min: 0, max: 10_000_000 }).meta({
    description: 'Size of the image cache on disk, in megabytes (1,000,000 bytes); 0 keeps nothing there',
  }),
  IMAGE_CACHE_MEMORY_MB: int(64, { min: 0, max: 100_000 }).meta({
    description: 'Megabytes of the images that are kept in memory, those asked for last',
  }),
  CORS_ORIGINS: list().meta({ description: 'Origins that browsers may call from, with commas; none by default' }),
  RATE_LIMIT_PER_MINUTE: int(600, { min: 0, max: 10_000_000 }).meta({
    description: 'Requests per principal; 0 switches the limit off',
  }),
  RECONCILE_MARGIN_S: int(30, { min: 1, max: 3_600 }).meta({
    description: 'A job that NATS no longer holds is published again when it has not moved for so many seconds',
  }),
  TENANT_WINDOW: int(2_000, { min: 16, max: 20_000 }).meta({
    description: 'Jobs of one tenant and command that NATS may hold at once, at most; the rest waits in PostgreSQL',
  }),
  KEEP_ENDED_DAYS: int(30, { min: 0, max: 3_650 }).meta({
    description: 'Days for which succeeded, cancelled and expired jobs are kept; 0 keeps them for ever',
  }),
  KEEP_FAILED_DAYS: int(90, { min: 0, max: 3_650 }).meta({
    description: 'Days for which failed jobs are kept; 0 keeps them for ever',
  }),
  ...egressSettings,
  CALLBACK_SECRETS: list()
    .refine((secrets) => secrets.every(isSigningSecret), 'must each be whsec_ and 24 to 64 random bytes in base64')
    .meta({
      description:
        'Secrets that sign callbacks, with commas: several while they rotate; without one there are no callbacks',
    }),
  KEEP_UPLOADS_DAYS: int(0, { min: 0, max: 3_650 }).meta({
    description: 'Days for which uploaded objects are kept; 0 keeps them for ever',
  }),
  KEEP_RESULTS_DAYS: int(0, { min: 0, max: 3_650 }).meta({
    description: 'Days for which objects that jobs made are kept; 0 keeps them for ever',
  }),
  OBJECT_GRACE_MINUTES: int(60, { min: 5, max: 10_080 }).meta({
    description: 'Bytes that no object needs are removed when they were stored, or stored again, so long ago',
  }),
  UPLOAD_HOURS: int(24, { min: 1, max: 720 }).meta({
    description: 'Hours that an upload in parts has to be finished; then its parts are removed',
  }),
  TRUST_PROXY: flag(false).meta({
    description: 'Take the caller address from X-Forwarded-For; only behind a proxy that sets it',
  }),
});

/** The gateway's settings, each an environment variable. */
export const GatewayConfig = Settings.superRefine(completeStorage);
export type GatewayConfig = z.output<typeof GatewayConfig>;

import { flag } from '@tandem/runtime/config';
import { z } from 'zod';

/**
 * Where objects are kept: the settings that a service with an object store spreads into its own, each an environment
 * variable. Its schema then ends with `.superRefine(completeStorage)`.
 */
export const storageSettings = {
  STORAGE: z
    .enum(['filesystem', 's3'])
    .default('filesystem')
    .meta({ description: 'Where objects are kept: filesystem, or s3 for any server that speaks the S3 API' }),
  STORAGE_DIR: z.string().default('.tandem/objects').meta({ description: 'Folder of the object store on filesystem' }),
  S3_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      description: 'Address of the S3 API; unset for AWS, where it follows from S3_REGION',
    }),
  S3_REGION: z.string().optional().meta({
    description: 'Region; auto for R2, us-east-1 for most servers of your own. Required by STORAGE=s3',
  }),
  S3_BUCKET: z.string().optional().meta({ description: 'Bucket, which must exist. Required by STORAGE=s3' }),
  S3_ACCESS_KEY_ID: z.string().optional().meta({ description: 'Key id. Required by STORAGE=s3' }),
  S3_SECRET_ACCESS_KEY: z.string().optional().meta({ description: 'Secret key. Required by STORAGE=s3' }),
  S3_PATH_STYLE: flag(true).meta({
    description: 'Name the bucket in the path; false names it in the host, as some providers want',
  }),
  S3_PREFIX: z
    .string()
    .regex(/^(?!\/)[\w./-]*$/, 'must be a relative path of letters, digits, ".", "_", "-" and "/"')
    .default('')
    .meta({ description: 'Folder in the bucket, when others use it too' }),
};

/** The settings of `storageSettings`, read. */
export type StorageConfig = z.output<z.ZodObject<typeof storageSettings>>;

/** What an {@link S3Store} is opened with. */
export interface S3Settings {
  endpoint: string | undefined;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  pathStyle: boolean;
  /** Empty, or ends with a slash. */
  prefix: string;
}

const REQUIRED = ['S3_REGION', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;

/** Complains of every variable that `STORAGE=s3` lacks. */
export function completeStorage(config: StorageConfig, ctx: z.core.$RefinementCtx): void {
  if (config.STORAGE !== 's3') return;
  for (const name of REQUIRED.filter((variable) => !config[variable]))
    ctx.addIssue({ code: 'custom', path: [name], message: 'is required by STORAGE=s3: see docs/how-to/storage.md' });
}

/** The settings of the S3 store. Throws an error that names what is missing. */
export function s3Settings(config: StorageConfig): S3Settings {
  const given = (name: (typeof REQUIRED)[number]) => {
    const value = config[name];
    if (!value) throw new Error(`${name}: is required by STORAGE=s3`);
    return value;
  };
  return {
    endpoint: config.S3_ENDPOINT,
    region: given('S3_REGION'),
    bucket: given('S3_BUCKET'),
    accessKeyId: given('S3_ACCESS_KEY_ID'),
    secretAccessKey: given('S3_SECRET_ACCESS_KEY'),
    pathStyle: config.S3_PATH_STYLE,
    prefix: config.S3_PREFIX.replace(/\/*$/, config.S3_PREFIX ? '/' : ''),
  };
}

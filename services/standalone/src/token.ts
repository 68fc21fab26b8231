import { parseArgs } from 'node:util';
import { loadConfig } from '@tandem/runtime/config';
import { runMain } from '@tandem/runtime/run-main';
import { z } from 'zod';
import { StandaloneConfig } from './config.js';
import { DEMO_TENANT, DEMO_USER, developmentToken } from './development-token.js';

const Options = z.object({
  sub: z.uuid('--sub takes the UUID of a user').default(DEMO_USER),
  tenant: z
    .string()
    .regex(/^[\w.-]{1,128}$/, '--tenant takes letters, digits, ".", "_" and "-"')
    .default(DEMO_TENANT),
  role: z
    .enum(['authenticated', 'service_role'], '--role takes authenticated or service_role')
    .default('authenticated'),
  expires: z.coerce.number('--expires takes seconds').int().positive().max(31_536_000).default(3_600),
});

await runMain('token', async () => {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { sub: text, tenant: text, role: text, expires: text } });
  const parsed = Options.safeParse({ ...values });
  if (!parsed.success) throw new Error(parsed.error.issues.map(({ message }) => message).join('; '));
  const { sub, tenant, role, expires } = parsed.data;
  const config = loadConfig(StandaloneConfig, process.env);
  console.log(await developmentToken(config, process.env, { sub, tenant, role, expiresInSeconds: expires }));
});

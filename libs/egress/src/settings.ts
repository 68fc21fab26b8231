import { flag, list } from '@tandem/runtime/config';
import { z } from 'zod';
import { parseAllowEntry } from './allow-entry.js';
import type { EgressPolicy, PolicyOf } from './policy.js';

const Port = z.number('must be a port').int('must be a port').min(1, 'must be a port').max(65_535, 'must be a port');

const TenantPolicy = z.strictObject({
  allow: z.array(z.string()).superRefine(checkEntries).default([]),
  only: z.boolean().default(false),
  ports: z.array(Port).default([]),
});

/** The settings of a service that goes out: spread them into its config. */
export const egressSettings = {
  EGRESS_ALLOW: list().superRefine(checkEntries).meta({
    description:
      'Hosts that requests may reach though they are private: `kong:8000`, `*.corp.example`, `10.0.0.0/8:*`, with commas',
  }),
  EGRESS_ONLY_ALLOWED: flag(false).meta({ description: 'Whether requests may reach nothing but `EGRESS_ALLOW`' }),
  EGRESS_PORTS: list()
    .transform((ports) => ports.map(Number))
    .pipe(z.array(Port))
    .meta({
      description: 'Ports that are allowed everywhere beside 80 for http and 443 for https, with commas',
    }),
  EGRESS_TENANTS: z.string().transform(parseJson).pipe(z.record(z.string(), TenantPolicy)).optional().meta({
    description: 'More for single tenants, as JSON: `{"acme":{"allow":["10.0.0.5:8000"],"only":true,"ports":[8443]}}`',
  }),
};

/** The parsed {@link egressSettings}. */
export type EgressConfig = z.output<z.ZodObject<typeof egressSettings>>;

/** The policies that the settings describe. A tenant has what the operator allows for all, and what is its own. */
export function policiesOf(config: EgressConfig): PolicyOf {
  const common: EgressPolicy = {
    allow: config.EGRESS_ALLOW,
    only: config.EGRESS_ONLY_ALLOWED,
    ports: config.EGRESS_PORTS,
  };
  const own = Object.entries(config.EGRESS_TENANTS ?? {}).map(
    ([tenant, { allow, only, ports }]): [string, EgressPolicy] => [
      tenant,
      {
        allow: [...config.EGRESS_ALLOW, ...allow],
        only: only || config.EGRESS_ONLY_ALLOWED,
        ports: [...config.EGRESS_PORTS, ...ports],
      },
    ],
  );
  const byTenant = new Map(own);
  return (tenant) => (tenant === undefined ? common : (byTenant.get(tenant) ?? common));
}

function checkEntries(entries: string[], ctx: z.RefinementCtx): void {
  for (const entry of entries) {
    try {
      parseAllowEntry(entry);
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: (error as Error).message });
    }
  }
}

function parseJson(text: string, ctx: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    ctx.addIssue({ code: 'custom', message: 'must be JSON, such as {"acme":{"allow":["10.0.0.5:8000"]}}' });
    return z.NEVER;
  }
}

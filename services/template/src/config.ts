import { int, port } from '@tandem/runtime/config';
import { z } from 'zod';

/** The settings of the template service, each an environment variable. */
export const TemplateConfig = z.object({
  NATS_URL: z.string().meta({ description: 'NATS with JetStream, 2.12 or newer; several addresses with commas' }),
  NATS_REPLICAS: int(1, { min: 1, max: 5 }).meta({ description: 'Copies of each stream; 3 on a NATS cluster' }),
  ADMIN_HOST: z.string().optional().meta({ description: 'Address of the admin port; every interface by default' }),
  ADMIN_PORT: port(9466).meta({ description: 'Port of /metrics, /livez and /readyz; 0 takes any free one' }),
  TEMPLATE_CONCURRENCY: int(10, { min: 1, max: 256 }).meta({ description: 'Commands of one kind at once' }),
  TEMPLATE_MAX_XOF: int(5_000_000, { min: 1 }).meta({ description: 'Largest amount of a receipt, in CFA francs' }),
  TEMPLATE_GRACE_S: int(30, { min: 1, max: 3_600 }).meta({
    description: 'Seconds that running commands have to finish at shutdown; later ones are handed back',
  }),
});
export type TemplateConfig = z.output<typeof TemplateConfig>;

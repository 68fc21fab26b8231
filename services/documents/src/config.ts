import { egressSettings } from '@tandem/egress/settings';
import { int, port } from '@tandem/runtime/config';
import { completeStorage, storageSettings } from '@tandem/storage/storage-settings';
import { z } from 'zod';

const Settings = z.object({
  NATS_URL: z.string().meta({ description: 'NATS with JetStream, 2.12 or newer; several addresses with commas' }),
  NATS_REPLICAS: int(1, { min: 1, max: 5 }).meta({ description: 'Copies of each stream; 3 on a NATS cluster' }),
  ...storageSettings,
  ADMIN_HOST: z.string().optional().meta({ description: 'Address of the admin port; every interface by default' }),
  ADMIN_PORT: port(9467).meta({ description: 'Port of /metrics, /livez and /readyz; 0 takes any free one' }),
  DOCUMENTS_CONCURRENCY: int(0, { min: 0, max: 256 }).meta({
    description: 'Documents at once; 0 means two for each core',
  }),
  DOCUMENTS_MAX_MB: int(100, { min: 1, max: 2_000 }).meta({
    description: 'Largest source file, and largest document, in megabytes (1,000,000 bytes)',
  }),
  CHROMIUM_BIN: z.string().optional().meta({
    description:
      'Path of chromium-headless-shell or another Chromium; by default the one that the system has. Without one, jobs that need it wait',
  }),
  QPDF_BIN: z.string().optional().meta({
    description:
      'Path of qpdf 11 or newer; by default the one that the system has. Without one, jobs that need it wait',
  }),
  DOCUMENTS_PDF_TIMEOUT_S: int(90, { min: 1, max: 110 }).meta({
    description: 'Longest work on the PDF files of one job, in seconds; its process is killed then',
  }),
  DOCUMENTS_PDF_PROCESS_MB: int(1_000, { min: 200, max: 100_000 }).meta({
    description:
      'Memory that one process on PDF files may have, in megabytes (1,048,576 bytes); over it, its job fails. On Linux, where there is prlimit',
  }),
  CHROMIUM_SANDBOX: z.enum(['auto', 'require', 'off']).default('auto').meta({
    description:
      "Chromium's own sandbox: `auto` goes without where the system forbids it and says so, `require` then makes no documents",
  }),
  DOCUMENTS_BROWSERS: int(0, { min: 0, max: 64 }).meta({
    description: 'Browsers that run all the time; 0 means one for every two documents at once, 8 at most',
  }),
  DOCUMENTS_BROWSER_JOBS: int(1_000, { min: 1, max: 1_000_000 }).meta({
    description: 'Documents after which a browser is replaced',
  }),
  DOCUMENTS_BROWSER_MB: int(1_500, { min: 200, max: 64_000 }).meta({
    description: 'Resident megabytes of all its processes after which a browser is replaced',
  }),
  DOCUMENTS_BROWSER_MINUTES: int(60, { min: 1, max: 10_080 }).meta({
    description: 'Minutes after which a browser is replaced',
  }),
  DOCUMENTS_PAGE_MB: int(1_000, { min: 100, max: 64_000 }).meta({
    description: 'Resident megabytes that one page may have; a larger one fails',
  }),
  ...egressSettings,
  DOCUMENTS_GRACE_S: int(30, { min: 1, max: 3_600 }).meta({
    description: 'Seconds that running documents have to finish at shutdown; later ones are handed back',
  }),
});

/** The settings of the documents service, each an environment variable. */
export const DocumentsConfig = Settings.superRefine(completeStorage);
export type DocumentsConfig = z.output<typeof DocumentsConfig>;

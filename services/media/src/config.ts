import { egressSettings } from '@tandem/egress/settings';
import { int, port } from '@tandem/runtime/config';
import { completeStorage, storageSettings } from '@tandem/storage/storage-settings';
import { z } from 'zod';

const Settings = z.object({
  NATS_URL: z.string().meta({ description: 'NATS with JetStream, 2.12 or newer; several addresses with commas' }),
  NATS_REPLICAS: int(1, { min: 1, max: 5 }).meta({ description: 'Copies of each stream; 3 on a NATS cluster' }),
  ...storageSettings,
  ADMIN_HOST: z.string().optional().meta({ description: 'Address of the admin port; every interface by default' }),
  ADMIN_PORT: port(9465).meta({ description: 'Port of /metrics, /livez and /readyz; 0 takes any free one' }),
  MEDIA_CONCURRENCY: int(0, { min: 0, max: 256 }).meta({
    description:
      'Images at once; 0 means one for each core. Best the physical cores, with UV_THREADPOOL_SIZE set to the same before start',
  }),
  MEDIA_MAX_MEGAPIXELS: int(100, { min: 1, max: 1_000 }).meta({
    description: 'Largest image, source or rendition: width x height x frames, in megapixels',
  }),
  MEDIA_MAX_MB: int(100, { min: 1, max: 2_000 }).meta({
    description: 'Largest source file, in megabytes (1,000,000 bytes); it is held in memory',
  }),
  MEDIA_MEMORY_MEGAPIXELS: int(200, { min: 1, max: 100_000 }).meta({
    description: 'Megapixels of all images in work together, 4 MB each at most; a larger image runs alone',
  }),
  MEDIA_TIMEOUT_S: int(30, { min: 1, max: 3_600 }).meta({
    description: 'Longest decoding, or encoding of one rendition, in seconds',
  }),
  MEDIA_SVG_TIMEOUT_S: int(10, { min: 1, max: 3_600 }).meta({
    description: 'Longest drawing of an SVG, in seconds; it runs in a process of its own and is killed then',
  }),
  MEDIA_PROCESS_MB: int(1_500, { min: 200, max: 100_000 }).meta({
    description:
      'Resident memory that one image process may have, in megabytes (1,048,576 bytes); over it, its job fails',
  }),
  MEDIA_JEMALLOC: z.string().optional().meta({
    description:
      'Path of libjemalloc.so.2 for the image processes; by default the one of the machine, if any. When it is set and cannot be loaded, the start fails',
  }),
  ...egressSettings,
  MEDIA_GRACE_S: int(30, { min: 1, max: 3_600 }).meta({
    description: 'Seconds that running images have to finish at shutdown; later ones are handed back',
  }),
});

/** The settings of the media service, each an environment variable. */
export const MediaConfig = Settings.superRefine(completeStorage);
export type MediaConfig = z.output<typeof MediaConfig>;

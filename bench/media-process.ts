// The media service as it is. Prints a line when it works.
import { catalog } from '@tandem/contracts/catalog';
import { MediaConfig } from '@tandem/media/config';
import { startMedia } from '@tandem/media/start-media';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import pino from 'pino';

const logger = createLogger('media', pino.destination(2));
const lifecycle = new Lifecycle(logger);
startTracing('media');
lifecycle.trapSignals();
await startMedia(loadConfig(MediaConfig, process.env), catalog, logger, lifecycle);
console.log('ready');

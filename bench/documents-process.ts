// The documents service as it is. Prints a line when it works.
import { catalog } from '@tandem/contracts/catalog';
import { DocumentsConfig } from '@tandem/documents/config';
import { startDocuments } from '@tandem/documents/start-documents';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import pino from 'pino';

const logger = createLogger('documents', pino.destination(2));
const lifecycle = new Lifecycle(logger);
startTracing('documents');
lifecycle.trapSignals();
await startDocuments(loadConfig(DocumentsConfig, process.env), catalog, logger, lifecycle);
console.log('ready');

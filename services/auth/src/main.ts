import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { runMain } from '@tandem/runtime/run-main';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import { AuthConfig } from './config.js';
import { startAuth } from './start-auth.js';

await runMain('auth', async () => {
  const config = loadConfig(AuthConfig, process.env);
  const logger = createLogger('auth');
  const lifecycle = new Lifecycle(logger);
  const tracing = startTracing('auth');
  lifecycle.onStop('tracing', 3_000, () => tracing.shutdown());
  lifecycle.trapSignals();
  const auth = await startAuth(config, logger);
  lifecycle.onStop('requests', 5_000, () => auth.close());
  logger.info({ url: auth.url }, 'auth ready');
});

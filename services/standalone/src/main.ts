import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { runMain } from '@tandem/runtime/run-main';
import { createLogger, fileDestination } from '@tandem/telemetry/logger';
import { startDefaultMetrics } from '@tandem/telemetry/metrics';
import { startTracing } from '@tandem/telemetry/tracing';
import { ApiError } from './api-client.js';
import { boot } from './boot.js';
import { StandaloneConfig } from './config.js';
import { developmentToken } from './development-token.js';
import { nextSteps } from './next-steps.js';
import { say, timedStep } from './terminal.js';
import { type TourReport, tour, tourTable } from './tour.js';

const PHOTO = 'examples/photos/hubble_deep_field.jpg';

await runMain('tandem', async () => {
  const { values } = parseArgs({
    options: { 'no-tour': { type: 'boolean', default: false }, port: { type: 'string' } },
  });
  const environment = { ...process.env, ...(values.port === undefined ? {} : { PORT: values.port }) };
  const config = loadConfig(StandaloneConfig, environment);
  const data = resolve(config.TANDEM_DATA);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const logFile = join(data, 'tandem.log');
  const destination = fileDestination(logFile);
  const loggerOf = (service: string) => createLogger(service, destination);
  const lifecycle = new Lifecycle(loggerOf('standalone'));
  const tracing = startTracing('tandem');
  startDefaultMetrics();
  lifecycle.onStop('tracing', 3_000, () => tracing.shutdown());
  lifecycle.trapSignals();
  await lifecycle.guard(async () => {
    say('Tandem starts:');
    const { url, metricsUrl } = await boot(config, environment, { loggerOf, lifecycle, step: timedStep });
    const supabase = config.SUPABASE_URL !== undefined || config.JWKS_URL !== undefined;
    const report = supabase || values['no-tour'] ? undefined : await showTour(url, config, environment);
    say(nextSteps({ url, metricsUrl, logFile, supabase, report }));
  });
});

async function showTour(
  url: string,
  config: StandaloneConfig,
  environment: NodeJS.ProcessEnv,
): Promise<TourReport | undefined> {
  say(`\nThe tour, on ${PHOTO}:`);
  const token = await developmentToken(config, environment);
  try {
    const report = await tour(url, token, resolve(PHOTO), join(resolve(config.TANDEM_DATA), 'tour'), (line) =>
      say(`  ${line}`),
    );
    say(`\n${tourTable(report)}`);
    return report;
  } catch (error) {
    // A backlog from before makes the tour wait; the jobs of that backlog need the server to go on.
    if (!(error instanceof ApiError)) throw error;
    say(`  The tour ends here: ${error.message} Tandem serves all the same.`);
    return undefined;
  }
}

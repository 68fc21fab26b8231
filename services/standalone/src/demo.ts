import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { runMain } from '@tandem/runtime/run-main';
import { createLogger, fileDestination } from '@tandem/telemetry/logger';
import { boot } from './boot.js';
import { StandaloneConfig } from './config.js';
import { developmentToken } from './development-token.js';
import { say, timedStep } from './terminal.js';
import { tour, tourTable } from './tour.js';

const OUT = 'tandem-demo';

// A demo keeps nothing but its results: servers and ledger live in a folder that goes when it ends.
await runMain('demo', async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [photo] = positionals;
  if (positionals.length !== 1) throw new Error('Name one photo: npm run demo -- path/to/photo.jpg');
  await access(photo!).catch(() => {
    throw new Error(`There is no file ${photo}, or it cannot be read.`);
  });
  const data = await mkdtemp(join(tmpdir(), 'tandem-demo-'));
  const environment = {
    ...process.env,
    TANDEM_DATA: data,
    PORT: '0',
    ADMIN_PORT: '0',
    SUPABASE_URL: undefined,
    JWKS_URL: undefined,
  };
  const config = loadConfig(StandaloneConfig, environment);
  const destination = fileDestination(join(data, 'tandem.log'));
  const loggerOf = (service: string) => createLogger(service, destination);
  const lifecycle = new Lifecycle(loggerOf('demo'));
  lifecycle.onStop('folder', 5_000, () => rm(data, { recursive: true, force: true }));
  lifecycle.trapSignals();
  await lifecycle.guard(async () => {
    say('Tandem starts:');
    const { url } = await boot(config, environment, { loggerOf, lifecycle, step: timedStep });
    say(`\nThe tour, on ${photo}:`);
    const token = await developmentToken(config, environment);
    const report = await tour(url, token, resolve(photo!), resolve(OUT), (line) => say(`  ${line}`));
    say(`\n${tourTable(report)}\n\nThe results are in ${resolve(OUT)}`);
  });
  await lifecycle.stop('the demo is over');
});

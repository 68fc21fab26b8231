#!/usr/bin/env node
// The entry of every npm script. It runs on a fresh machine, before npm install and on an older Node: no dependencies.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bench } from './bench.mjs';
import { ensureBuild, isBuilt } from './build.mjs';
import { check } from './check.mjs';
import { isReady as chromiumIsReady, ensureChromium, findChromium } from './chromium.mjs';
import { withLock } from './lock.mjs';
import { ensureNatsServer, findNatsServer } from './nats-server.mjs';
import { newService } from './new-service.mjs';
import { ensureNode24 } from './node24.mjs';
import { ensurePackages, packagesAreInstalled } from './packages.mjs';
import { run, runTogether } from './run.mjs';
import { SetupError, say } from './step.mjs';
import { runTests } from './test.mjs';
import { ensureVersitygw, findVersitygw } from './versitygw.mjs';

const STANDALONE = 'services/standalone/dist/main.js';

/** What each command needs on the machine beside Node 24 and the packages, and what it runs. It goes on without what has a `?`. */
const COMMANDS = {
  start: { needs: ['build', 'nats', 'chromium?'], run: (machine, args) => run(machine, [STANDALONE, ...args]) },
  demo: {
    needs: ['build', 'nats', 'chromium?'],
    run: (machine, args) => run(machine, ['services/standalone/dist/demo.js', ...args]),
  },
  dev: { needs: ['build', 'nats', 'chromium?'], run: dev },
  token: { needs: ['build'], run: (machine, args) => run(machine, ['services/standalone/dist/token.js', ...args]) },
  test: { needs: ['build', 'nats', 's3', 'chromium'], run: runTests },
  check: { needs: [], run: check },
  generate: { needs: ['build'], run: (machine, args) => run(machine, ['tools/generate.mjs', ...args]) },
  'new-service': { needs: [], run: newService },
  bench: { needs: ['build', 'nats', 'chromium?'], run: bench },
  chaos: { needs: ['build', 'nats', 'chromium?'], run: (machine, args) => run(machine, ['chaos/run.ts', ...args]) },
};

async function main() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const [first, ...rest] = process.argv.slice(2);
  const [name, args] = Object.hasOwn(COMMANDS, first ?? '') ? [first, rest] : ['start', process.argv.slice(2)];
  const { needs, run: command } = COMMANDS[name];
  process.exit(await command(await prepare(root, needs), args));
}

async function prepare(root, needs) {
  const machine = { root, ...(await ensureNode24(root)) };
  const wants = (need) => needs.includes(need);
  const isReady =
    packagesAreInstalled(root) &&
    (!wants('build') || isBuilt(root)) &&
    (!wants('nats') || process.env.NATS_URL || findNatsServer(root)) &&
    (!wants('s3') || findVersitygw(root)) &&
    (!(wants('chromium') || wants('chromium?')) || chromiumIsReady(root));
  if (!isReady) {
    await withLock(root, async () => {
      await ensurePackages(root, machine);
      if (wants('build')) await ensureBuild(root, machine);
      if (wants('nats')) await ensureNatsServer(root);
      if (wants('s3')) await ensureVersitygw(root);
      if (wants('chromium')) await ensureChromium(root);
      if (wants('chromium?')) await ensureChromium(root).catch(goOnWithout);
    });
  }
  if (wants('nats') && !process.env.NATS_URL) machine.env.NATS_SERVER_BIN = findNatsServer(root);
  const chromium = (wants('chromium') || wants('chromium?')) && findChromium(root);
  if (chromium) machine.env.CHROMIUM_BIN = chromium;
  return machine;
}

function goOnWithout(error) {
  if (!(error instanceof SetupError)) throw error;
  say(`${error.message} Until then, jobs of documents that need it wait.`);
}

function dev(machine, args) {
  return runTogether(machine, [
    ['node_modules/typescript/bin/tsc', '-b', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'],
    ['--watch', '--watch-preserve-output', STANDALONE, ...args],
  ]);
}

main().catch((error) => {
  const known = error instanceof SetupError || typeof error.code === 'string'; // a system error: disk full, no access
  process.stderr.write(`tandem: ${known ? error.message : error.stack}\n`);
  process.exit(1);
});

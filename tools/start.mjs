#!/usr/bin/env node
// The entry of every npm script. It runs on a fresh machine, before npm install and on an older Node: no dependencies.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bench } from './bench.mjs';
import { ensureBuild, isBuilt } from './build.mjs';
import { check } from './check.mjs';
import { withLock } from './lock.mjs';
import { newService } from './new-service.mjs';
import { ensureNode24 } from './node24.mjs';
import { ensurePackages, packagesAreInstalled } from './packages.mjs';
import { ensurePrograms, programEnvironment, programsAreReady } from './programs.mjs';
import { run, runTogether } from './run.mjs';
import { SetupError } from './step.mjs';
import { runTests } from './test.mjs';

const STANDALONE = 'services/standalone/dist/main.js';

/** libuv has 4 threads by itself; names that hang would stop those who look up others (docs/how-to/egress.md). */
const SERVING = { UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '16' };

const TEST_PROGRAMS = ['nats', 's3', 'chromium', 'qpdf', 'pdf-validators'];

/** What each command needs on the machine beside Node 24 and the packages, and what it runs. It goes on without what has a `?`. */
const COMMANDS = {
  start: {
    needs: ['build', 'nats', 'chromium?', 'qpdf?'],
    run: (machine, args) => run(machine, [STANDALONE, ...args], SERVING),
  },
  demo: {
    needs: ['build', 'nats', 'chromium?', 'qpdf?'],
    run: (machine, args) => run(machine, ['services/standalone/dist/demo.js', ...args]),
  },
  dev: { needs: ['build', 'nats', 'chromium?', 'qpdf?'], run: dev },
  token: { needs: ['build'], run: (machine, args) => run(machine, ['services/standalone/dist/token.js', ...args]) },
  test: { needs: ['build', ...TEST_PROGRAMS], run: runTests },
  check: { needs: [], run: check },
  generate: { needs: ['build'], run: (machine, args) => run(machine, ['tools/generate.mjs', ...args]) },
  'new-service': { needs: [], run: newService },
  bench: { needs: ['build', 'nats', 'chromium?', 'qpdf?'], run: bench },
  chaos: {
    needs: ['build', 'nats', 'chromium?', 'qpdf?'],
    run: (machine, args) => run(machine, ['chaos/run.ts', ...args]),
  },
};

async function main() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const [first, ...rest] = process.argv.slice(2);
  // Brings what `npm test` will need, and can while npm is still installing packages: no tool of ours needs one.
  if (first === 'programs') return await preparePrograms(root, TEST_PROGRAMS);
  const [name, args] = Object.hasOwn(COMMANDS, first ?? '') ? [first, rest] : ['start', process.argv.slice(2)];
  const { needs, run: command } = COMMANDS[name];
  process.exit(await command(await prepare(root, needs), args));
}

async function prepare(root, needs) {
  const machine = { root, ...(await ensureNode24(root)) };
  // Side by side: the one waits for downloads while the other compiles. Neither is left at work when the other fails.
  const parts = [preparePackages(root, machine, needs), preparePrograms(root, needs)];
  const failed = (await Promise.allSettled(parts)).find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
  Object.assign(machine.env, programEnvironment(root, needs));
  return machine;
}

async function preparePackages(root, machine, needs) {
  const wantsBuild = needs.includes('build');
  if (packagesAreInstalled(root) && (!wantsBuild || isBuilt(root))) return;
  await withLock(root, 'packages', async () => {
    await ensurePackages(root, machine);
    if (wantsBuild) await ensureBuild(root, machine);
  });
}

async function preparePrograms(root, needs) {
  if (!programsAreReady(root, needs)) await withLock(root, 'programs', () => ensurePrograms(root, needs));
}

function dev(machine, args) {
  const commands = [
    ['node_modules/typescript/bin/tsc', '-b', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'],
    ['--watch', '--watch-preserve-output', STANDALONE, ...args],
  ];
  return runTogether(machine, commands, SERVING);
}

main().catch((error) => {
  const known = error instanceof SetupError || typeof error.code === 'string'; // a system error: disk full, no access
  process.stderr.write(`tandem: ${known ? error.message : error.stack}\n`);
  process.exit(1);
});

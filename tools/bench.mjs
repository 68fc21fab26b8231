import { join } from 'node:path';
import { ensureFullChromium } from './full-chromium.mjs';
import { ensureImageTools } from './image-tools.mjs';
import { withLock } from './lock.mjs';
import { ensurePackages } from './packages.mjs';
import { ensureRedisServer } from './redis-server.mjs';
import { run } from './run.mjs';

/** Suites that measure Tandem alone. The others need the systems that it is compared with. */
const ALONE = ['noop', 'fairness', 'delayed', 'documents-memory'];

/** Suites on images need photographs, and no redis-server. */
const ON_IMAGES = ['media', 'media-memory'];

/** Suites on documents are held against a whole Chromium. */
const ON_DOCUMENTS = ['documents'];

/** Runs a benchmark; the first comparison installs the packages of `bench` and fetches what else it needs. */
export async function bench(machine, args) {
  const name = args.find((arg) => !arg.startsWith('-'));
  if (!name || ALONE.includes(name)) return run(machine, ['bench/run.mjs', ...args]);
  const env = await withLock(machine.root, 'packages', async () => {
    await ensurePackages(join(machine.root, 'bench'), machine);
    if (ON_IMAGES.includes(name)) return ensureImageTools(machine.root);
    return ON_DOCUMENTS.includes(name) ? ensureFullChromium(machine.root) : ensureRedisServer(machine.root);
  });
  return run(machine, ['bench/run.mjs', ...args], env);
}

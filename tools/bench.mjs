import { join } from 'node:path';
import { ensureImageTools } from './image-tools.mjs';
import { withLock } from './lock.mjs';
import { ensurePackages } from './packages.mjs';
import { ensureRedisServer } from './redis-server.mjs';
import { run } from './run.mjs';

/** Suites that measure Tandem alone. The others need the systems that it is compared with. */
const ALONE = ['noop', 'fairness', 'delayed'];

/** Suites on images need photographs, and no redis-server. */
const ON_IMAGES = ['media', 'media-memory'];

/** Runs a benchmark; the first comparison installs the packages of `bench` and fetches what else it needs. */
export async function bench(machine, args) {
  const name = args.find((arg) => !arg.startsWith('-'));
  if (!name || ALONE.includes(name)) return run(machine, ['bench/run.mjs', ...args]);
  const env = await withLock(machine.root, async () => {
    await ensurePackages(join(machine.root, 'bench'), machine);
    return ON_IMAGES.includes(name) ? ensureImageTools(machine.root) : ensureRedisServer(machine.root);
  });
  return run(machine, ['bench/run.mjs', ...args], env);
}

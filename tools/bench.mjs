import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { ensurePackages } from './packages.mjs';
import { ensureRedisServer } from './redis-server.mjs';
import { run } from './run.mjs';

/** Suites that measure Tandem alone. The others need the systems that it is compared with. */
const ALONE = ['noop', 'fairness', 'delayed'];

/** Runs a benchmark; the first comparison installs the packages of `bench` and fetches redis-server. */
export async function bench(machine, args) {
  const name = args.find((arg) => !arg.startsWith('-'));
  if (!name || ALONE.includes(name)) return run(machine, ['bench/run.mjs', ...args]);
  const redis = await withLock(machine.root, async () => {
    await ensurePackages(join(machine.root, 'bench'), machine);
    return ensureRedisServer(machine.root);
  });
  return run(machine, ['bench/run.mjs', ...args], redis);
}

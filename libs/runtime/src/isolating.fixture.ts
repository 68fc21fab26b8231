/** A process that runs an endless loop in isolation, or keeps a pool that waits. */
import { runIsolated } from './isolate.js';
import { IsolatePool } from './isolate-pool.js';

if (process.argv[2] === 'pool') {
  new IsolatePool({ size: 2 });
  console.log('ready');
} else {
  await runIsolated(new URL('./isolated-work.fixture.ts', import.meta.url), 'spinAloud', undefined);
}

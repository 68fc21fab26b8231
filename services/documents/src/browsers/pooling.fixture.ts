/** A process that keeps a pool with a page in an endless loop, and prints the pids of its browsers. */
import { browserPid, evaluate, needs, startPool } from './pool.fixture.js';

const pool = await startPool({ pages: 2, browsers: 1 });
void pool.use(needs({ javascript: true }), async (lent) => {
  console.log(`browser ${await browserPid(lent)}`);
  await evaluate(lent, 'for (;;);');
});

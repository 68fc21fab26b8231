import { expect, test } from 'vitest';
import { DataChecks } from './check-data.js';

const SLOW = { sha256: 'a', schema: { uniqueItems: true } };
const LONG = Array.from({ length: 30_000 }, (_, n) => ({ n }));

test('data that takes too long to check is refused unseen the next time, for that tenant and template only', () => {
  const checks = new DataChecks();
  const refusal = [{ pointer: '/data', detail: expect.stringContaining('takes too long') }];
  expect(checks.check('acme', SLOW, LONG, '/data')).toEqual(refusal);
  const begin = performance.now();
  for (let n = 0; n < 1_000; n += 1) expect(checks.check('acme', SLOW, LONG, '/data')).toEqual(refusal);
  // One check that is stopped takes 250 ms.
  expect(performance.now() - begin).toBeLessThan(10_000);
  expect(checks.check('other', SLOW, [1, 2], '/data')).toEqual([]);
  expect(checks.check('acme', { ...SLOW, sha256: 'b' }, [1, 1], '/data')).toMatchObject([{ pointer: '/data' }]);
});

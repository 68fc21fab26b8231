import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { openDatabase } from '@tandem/persistence/database';
import { testPostgres } from '@tandem/testing/servers';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newJobId } from '../jobs/job-id.js';
import { SCHEMA } from '../jobs/job-row.js';
import { LedgerAndObjects1763700000000 } from '../migrations/1-ledger-and-objects.js';
import { OptionsBatchesAndCounts1763800000000 } from '../migrations/2-options-batches-and-counts.js';
import { ObjectsThatEnd1763920000000 } from '../migrations/4-objects-that-end.js';
import { CollectionUnderTest, keyOf } from './collection.fixture.js';
import { deletionOf } from './delete-object.js';

const TENANT = 'acme';
const CONTENTS = ['alpha', 'beta', 'gamma'].map((text) => Buffer.from(text));
const INSERT = `INSERT INTO gateway.objects (id, tenant, owner, sha256, size, type) VALUES ($1, $2, 'me', $3, 5, 'x/y')`;
const DELETE = deletionOf('id = $1');

let folder: string;
let collection: CollectionUnderTest;

beforeAll(async () => {
  const { url } = await testPostgres();
  const migrations = [LedgerAndObjects1763700000000, OptionsBatchesAndCounts1763800000000, ObjectsThatEnd1763920000000];
  const database = await openDatabase({ url, schema: SCHEMA, migrations });
  await database.destroy();
  folder = await mkdtemp(join(tmpdir(), 'tandem-race-'));
  collection = await CollectionUnderTest.open({ databaseUrl: url, folder });
});
afterAll(async () => {
  await collection.close();
  await rm(folder, { recursive: true });
});

/** What one writer does with one content: store, wait, register, wait, delete. */
interface Plan {
  content: number;
  before: number;
  between: number;
  after: number;
}
const plan: fc.Arbitrary<Plan> = fc.record({
  content: fc.nat(CONTENTS.length - 1),
  before: fc.nat(8),
  between: fc.nat(8),
  after: fc.nat(8),
});

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await turn();
}

/** Hours pass whenever nobody is between storing and registering, or between looking and removing. */
class Time {
  readonly #between = CONTENTS.map(() => 0);
  #collectors = 0;
  running = true;

  async collect(): Promise<void> {
    this.#collectors += 1;
    await collection.collect();
    this.#collectors -= 1;
  }

  enter(content: number): void {
    this.#between[content]! += 1;
  }

  leave(content: number): void {
    this.#between[content]! -= 1;
  }

  async pass(): Promise<void> {
    while (this.running) {
      const free = this.#collectors === 0;
      for (const [content, bytes] of CONTENTS.entries()) if (free && this.#between[content] === 0) this.#age(bytes);
      await turn();
    }
  }

  #age(bytes: Buffer): void {
    try {
      collection.age(keyOf(TENANT, bytes));
    } catch {
      // Not there just now.
    }
  }
}

async function write({ content, before, between, after }: Plan, time: Time): Promise<boolean> {
  await turns(before);
  const bytes = CONTENTS[content]!;
  const key = keyOf(TENANT, bytes);
  const id = newJobId();
  time.enter(content);
  await collection.store.write(key, bytes);
  await turns(between);
  await collection.pool.query(INSERT, [id, TENANT, key.split('/').at(-1)]);
  time.leave(content);
  await turns(after);
  const isThere = await collection.store.read(key).then(
    async (body) => (await buffer(body)).equals(bytes),
    () => false,
  );
  await collection.pool.query(DELETE, [id]);
  return isThere;
}

test('a registered object has its bytes, however writers, deletions and collectors interleave', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { minLength: 8, maxLength: 40 }), async (plans) => {
      const time = new Time();
      const passing = time.pass();
      const collecting = [3, 7].map(async (pause) => {
        while (time.running) {
          await time.collect();
          await turns(pause);
        }
      });
      const outcomes = await Promise.all(plans.map((each) => write(each, time)));
      time.running = false;
      await Promise.all([passing, ...collecting]);
      expect(outcomes).toEqual(plans.map(() => true));
    }),
    { numRuns: 25, interruptAfterTimeLimit: 60_000 },
  );
  // Nothing is left behind either.
  const keys = CONTENTS.map((bytes) => keyOf(TENANT, bytes));
  for (const key of keys) if (await collection.store.size(key)) collection.age(key);
  await collection.collect();
  expect(await Promise.all(keys.map((key) => collection.store.size(key)))).toEqual(keys.map(() => undefined));
}, 120_000);

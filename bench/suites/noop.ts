import pg from 'pg';
import { emptyLedger } from '../empty-ledger.ts';
import { type LoadReport, load, post, round } from '../load.ts';
import { type Stack, startStack } from '../stack.ts';

const ROUNDS = 5;
const JOBS = 20_000;
const IN_FLIGHT = 64;
const SEQUENTIAL = 300;

const body = JSON.stringify({ payload: 'x'.repeat(160) });

interface Round {
  admitted: LoadReport;
  /** From the first request until every job's final state stands in the ledger. */
  drainedPerSecond: number;
  waited: LoadReport;
  cpu: Record<string, number>;
}

/** The cost of the job path itself: a command that does nothing, from the request to the final state in the ledger. */
export async function run(say: (line: string) => void): Promise<object> {
  const stack = await startStack();
  const ledger = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
  try {
    say(`warm-up: ${JOBS / 4} jobs`);
    await drain(stack, ledger, JOBS / 4);
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i += 1) {
      rounds.push(await measure(stack, ledger));
      const { admitted, drainedPerSecond, waited } = rounds.at(-1)!;
      say(
        `round ${i + 1}: ${admitted.perSecond} admitted/s, ${drainedPerSecond} jobs/s to the end, p50 ${waited.p50} ms one by one`,
      );
    }
    return report(rounds, await stack.residentMegabytes());
  } finally {
    await ledger.end();
    await stack.stop();
  }
}

async function measure(stack: Stack, ledger: pg.Pool): Promise<Round> {
  const before = await stack.cpuSeconds();
  const { admitted, drainedPerSecond } = await drain(stack, ledger, JOBS);
  const after = await stack.cpuSeconds();
  const request = post('/v1/probe/run', body, { authorization: `Bearer ${stack.token}`, prefer: 'wait=10' });
  const waited = await load(stack.url, { connections: 1, requests: SEQUENTIAL, request: () => request });
  const cpu = Object.fromEntries(
    Object.keys(after).map((name) => [name, ((after[name]! - before[name]!) * 10_000) / JOBS]),
  );
  return { admitted, drainedPerSecond, waited, cpu };
}

async function drain(stack: Stack, ledger: pg.Pool, jobs: number) {
  await emptyLedger(ledger);
  const request = post('/v1/probe/run', body, { authorization: `Bearer ${stack.token}` });
  const begin = performance.now();
  const admitted = await load(stack.url, { connections: IN_FLIGHT, requests: jobs, request: () => request });
  if (admitted.statuses['202'] !== jobs) throw new Error(`not all were accepted: ${JSON.stringify(admitted.statuses)}`);
  for (;;) {
    const { rows } = await ledger.query<{ open: boolean }>(
      `SELECT EXISTS (SELECT FROM gateway.jobs WHERE status <> 'succeeded') AS open`,
    );
    if (!rows[0]!.open) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { admitted, drainedPerSecond: Math.round((jobs * 1000) / (performance.now() - begin)) };
}

function report(rounds: Round[], resident: Record<string, number>): object {
  const median = (pick: (each: Round) => number) =>
    round(rounds.map(pick).sort((a, b) => a - b)[Math.floor(rounds.length / 2)]!);
  const figures = {
    'requests admitted per second, 64 in flight': median((each) => each.admitted.perSecond),
    'admission p50, ms': median((each) => each.admitted.p50),
    'admission p99, ms': median((each) => each.admitted.p99),
    'jobs per second, request to final state': median((each) => each.drainedPerSecond),
    'add to done one by one, p50, ms': median((each) => each.waited.p50),
    'add to done one by one, p99, ms': median((each) => each.waited.p99),
    'gateway CPU s per 10,000 jobs': median((each) => each.cpu.gateway ?? 0),
    'worker CPU s per 10,000 jobs': median((each) => each.cpu.worker ?? 0),
  };
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  const lines = Object.entries(figures).map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return {
    rounds: ROUNDS,
    jobs: JOBS,
    figures,
    resident,
    table: `${lines.join('\n')}\nmedians of ${ROUNDS} rounds of ${JOBS} jobs`,
  };
}

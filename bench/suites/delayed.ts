import pg from 'pg';
import { round } from '../load.ts';
import { type Stack, startStack } from '../stack.ts';

const WAITING = 90_000;
const DUE = 10_000;
const BATCH = 10_000;
const DUE_WITHIN_MS = 40_000;
/** From the first submission until the first job is due: time to submit them all. */
const FIRST_DUE_MS = 120_000;

/** How late delayed jobs begin, while a hundred thousand of them wait. */
export async function run(say: (line: string) => void): Promise<object> {
  const stack = await startStack();
  const ledger = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
  try {
    const firstDue = Date.now() + FIRST_DUE_MS;
    const later = new Date(firstDue + 3_600_000).toISOString();
    for (let sent = 0; sent < WAITING; sent += BATCH)
      await submit(
        stack,
        Array.from({ length: BATCH }, () => later),
      );
    const due = Array.from({ length: DUE }, (_, n) => new Date(firstDue + (n * DUE_WITHIN_MS) / DUE).toISOString());
    await submit(stack, due);
    const spare = firstDue - Date.now();
    if (spare < 5_000) throw new Error('submitting took too long for the plan; the machine is busy');
    say(`${WAITING + DUE} jobs wait; the first of ${DUE} is due in ${Math.round(spare / 1000)} s`);
    await ended(ledger);
    const lateness = await latenessOf(ledger);
    return { ...lateness, table: table(lateness) };
  } finally {
    await ledger.end();
    await stack.stop();
  }
}

async function submit(stack: Stack, times: string[]): Promise<void> {
  const lines = times.map((runAt) => JSON.stringify({ command: 'probe.run', input: {}, options: { runAt } }));
  const response = await fetch(`${stack.url}/v1/batches`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.token}`, 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  if (response.status !== 202) throw new Error(await response.text());
}

async function ended(ledger: pg.Pool): Promise<void> {
  for (;;) {
    const { rows } = await ledger.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM gateway.jobs WHERE status = 'succeeded' AND run_at < now()`,
    );
    if (rows[0]!.n >= DUE) return;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

interface Lateness {
  jobs: number;
  p50: number;
  p99: number;
  most: number;
}

async function latenessOf(ledger: pg.Pool): Promise<Lateness> {
  const late = 'extract(epoch FROM started_at - run_at) * 1000';
  const { rows } = await ledger.query<Lateness>(`
    SELECT count(*)::int AS jobs, percentile_cont(0.5) WITHIN GROUP (ORDER BY ${late})::float8 AS p50,
      percentile_cont(0.99) WITHIN GROUP (ORDER BY ${late})::float8 AS p99, max(${late})::float8 AS most
    FROM gateway.jobs WHERE status = 'succeeded'`);
  return rows[0]!;
}

function table({ jobs, p50, p99, most }: Lateness): string {
  return [
    `| jobs that wait | of these due, ${(DUE * 1000) / DUE_WITHIN_MS} a second | late p50, ms | p99, ms | most, ms |`,
    '|---|---|---|---|---|',
    `| ${WAITING + DUE} | ${jobs} | ${round(p50)} | ${round(p99)} | ${round(most)} |`,
  ].join('\n');
}

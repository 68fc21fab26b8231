import pg from 'pg';
import { Bench } from '../commands.ts';
import { Client, load, post } from '../load.ts';
import { startScript } from '../processes.ts';
import { conditions, figure, inOneLine, markdown, quantile, type Report } from '../report.ts';
import { type Stack, startStack } from '../stack.ts';

const JOBS = 100_000;
const TAKES_MS = 20;
const CONCURRENCY = 20;
const PER_SECOND = 10;
const MEASURED = 200;
const BATCH = 10_000;
/** What one request may wait at most. */
const WAIT_S = 60;
const IN_FLIGHT = 64;

const input = { takes: TAKES_MS };

/** The noisy neighbour: how long tenant B's single jobs take alone, and while tenant A's backlog of the same command drains. */
export async function run(say: (line: string) => void, options: { jobs?: number }): Promise<Report> {
  const jobs = options.jobs ?? JOBS;
  const stack = await startStack({ probeWorker: false });
  const ledger = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
  const [a, b] = await Promise.all(
    ['noisy', 'quiet'].map((tenant_id) => stack.issuer.token({ app_metadata: { tenant_id } })),
  );
  try {
    const first = await startWorker(stack);
    await singles(stack, b!, 20);
    const alone = await singles(stack, b!, MEASURED);
    say(`alone: ${inShort(alone)}`);
    await first.stop();

    say(`queueing ${jobs} jobs of the neighbour`);
    const how = await queue(stack, a!, jobs);
    say(how);
    const second = await startWorker(stack);
    const before = await left(ledger);
    const begin = performance.now();
    const beside = await singles(stack, b!, MEASURED);
    const after = await left(ledger);
    const drained = ((before - after) * 1_000) / (performance.now() - begin);
    say(`beside it: ${inShort(beside)}; ${after} of the neighbour's jobs were left`);
    second.child.kill('SIGKILL');
    return report({ jobs, how, alone, beside, before, after, drained });
  } finally {
    await ledger.end();
    await stack.stop();
  }
}

function startWorker({ natsUrl }: Stack) {
  const env = { ...process.env, NATS_URL: natsUrl, LOG_LEVEL: 'warn', WORKER_CONCURRENCY: String(CONCURRENCY) };
  return startScript('bench-worker-process.ts', [], env);
}

/** Milliseconds from request to result, by the clock and not one after the other: a slow job does not hold up the next. */
async function singles({ url }: Stack, token: string, count: number): Promise<number[]> {
  const request = post('/v1/bench/run', JSON.stringify(input), {
    authorization: `Bearer ${token}`,
    prefer: `wait=${WAIT_S}`,
  });
  const one = async () => {
    const client = await Client.open(url);
    const begin = performance.now();
    const status = await client.send(request);
    client.close();
    if (status !== '200' && status !== '202') throw new Error(`Tandem answered ${status}`);
    return status === '200' ? performance.now() - begin : Number.POSITIVE_INFINITY;
  };
  const all: Promise<number>[] = [];
  for (let i = 0; i < count; i += 1) {
    all.push(one());
    await new Promise((resolve) => setTimeout(resolve, 1_000 / PER_SECOND));
  }
  return Promise.all(all);
}

/** Queues the neighbour's jobs, in batches where this build takes them; says how. */
async function queue({ url }: Stack, token: string, jobs: number): Promise<string> {
  const authorization = `Bearer ${token}`;
  const line = JSON.stringify({ command: Bench.type, input });
  const batch = (size: number) =>
    post('/v1/batches', Array(size).fill(line).join('\n'), { authorization, 'content-type': 'application/x-ndjson' });
  const client = await Client.open(url);
  let left = jobs;
  while (left > 0) {
    const size = Math.min(BATCH, left);
    if ((await client.send(batch(size))) !== '202') break;
    left -= size;
  }
  client.close();
  if (left === 0) return `queued in batches of ${BATCH}`;
  if (left < jobs) throw new Error('a batch was refused');
  const request = post('/v1/bench/run', JSON.stringify(input), { authorization });
  const { statuses } = await load(url, { connections: IN_FLIGHT, requests: jobs, request: () => request });
  if (statuses['202'] !== jobs) throw new Error(`not all were accepted: ${JSON.stringify(statuses)}`);
  return 'queued one by one, as this build takes no batches';
}

async function left(ledger: pg.Pool): Promise<number> {
  const { rows } = await ledger.query<{ count: string }>(
    `SELECT count(*) FROM gateway.jobs WHERE tenant = 'noisy' AND status <> 'succeeded'`,
  );
  return Number(rows[0]!.count);
}

function inShort(times: number[]): string {
  return `p50 ${time(times, 0.5)} ms, p99 ${time(times, 0.99)} ms`;
}

function time(times: number[], share: number): string {
  const value = quantile(times, share)!;
  return Number.isFinite(value) ? figure(value) : `> ${(WAIT_S * 1_000).toLocaleString('en-US')}`;
}

interface Found {
  jobs: number;
  how: string;
  alone: number[];
  beside: number[];
  /** The neighbour's jobs that were not done when the measurement began, and when it ended. */
  before: number;
  after: number;
  /** Of these, per second. */
  drained: number;
}

function report({ jobs, how, alone, beside, before, after, drained }: Found): Report {
  const where = conditions();
  const row = (name: string, times: number[]) => [name, ...[0.5, 0.99, 1].map((share) => time(times, share))];
  const table = markdown(
    [`tenant B: a job of ${TAKES_MS} ms, ${PER_SECOND} a second`, 'p50, ms', 'p99, ms', 'longest, ms'],
    [row('alone', alone), row(`while ${before.toLocaleString('en-US')} jobs of tenant A drain`, beside)],
  );
  const about =
    `${MEASURED} jobs of B each, request with Prefer: wait to its answer. One worker, ${CONCURRENCY} at once. ` +
    `A's jobs: ${how}; ${after > 0 ? `${figure(drained)}/s of them drained meanwhile` : 'all of them were done before the end: take more with --jobs'}, ${after.toLocaleString('en-US')} were left. ${inOneLine(where)}.`;
  return { conditions: where, jobs, alone, beside, before, after, drained, table: `${table}\n\n${about}` };
}

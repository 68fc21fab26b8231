// npm run chaos: a running Tandem is broken in every way that we promise to survive, and its promises are counted.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { breakThings } from './break-things.ts';
import { Clients } from './clients.ts';
import { countEffects } from './count-effects.ts';
import { LedgerWatch } from './ledger-watch.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { describe, makePlan } from './plan.ts';
import { commandLine, makeReport, type Report, tableOf } from './report.ts';
import { type System, startSystem } from './system.ts';

/** Jobs that are submitted at once just before a fault, so that it hits some in the middle. */
const BURST = 20;
const API_READERS = 8;

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return 2;
  }
  const plan = makePlan(options);
  say(commandLine(options));
  for (const fault of plan.faults) say(`plan: ${(fault.atMs / 1_000).toFixed(1).padStart(6)} s  ${describe(fault)}`);
  if (options.planOnly) return 0;
  if (process.env.NATS_URL) say('NATS_URL is set, but only servers of our own are broken');

  const system = await startSystem(options, interruption.signal);
  let report: Report | undefined;
  try {
    report = await runChaos(system, options, plan);
  } finally {
    const keepLogs = options.keepLogs || report?.ok === false;
    await system.stop(keepLogs);
    if (keepLogs) say(`the logs of the processes are kept in ${system.logs}`);
  }
  if (options.json === '-') process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else process.stdout.write(`${tableOf(report)}\n`);
  if (options.json && options.json !== '-') writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  return report.ok ? 0 : 1;
}

async function runChaos(system: System, options: Options, plan: ReturnType<typeof makePlan>): Promise<Report> {
  const interrupted = interruption.signal;
  const watch = new LedgerWatch(system.databaseUrl);
  const begin = performance.now();
  const startedAt = new Date();
  const clock = () => performance.now() - begin;
  const clients = new Clients(system.urls, system.token, plan.jobs, clock, interrupted);
  try {
    await clients.prepare();
    watch.start(clients.jobs, clock);
    const told = (line: string) => say(`${(clock() / 1_000).toFixed(1).padStart(6)} s  ${line}`);
    const submitted = clients.run(options.minutes * 60_000);
    const before = () => clients.submit(BURST);
    const happened = await breakThings(system, plan.faults, { clock, before, say: told, interrupted });
    told('no more faults');
    await untilFinal(submitted, clients, clock, options.deadlineS * 1_000);
    told('reading every job through the API, and counting effects');
    const views = await readAll(clients);
    const effects = await countEffects(watch);
    const crashes = system.processes.flatMap((each) => each.crashes);
    return makeReport({
      options,
      plan,
      startedAt,
      seconds: clock() / 1_000,
      clients,
      happened,
      views,
      effects,
      crashes,
    });
  } finally {
    interruption.abort(new Error('the run is over')); // clients that wait give up
    await watch.stop();
  }
}

/** Waits until all submissions are accepted and all jobs final, or until none became final for `deadlineMs`. */
async function untilFinal(submitted: Promise<void>, { jobs }: Clients, clock: () => number, deadlineMs: number) {
  const interrupted = interruption.signal;
  let allSent = false;
  void submitted.then(() => {
    allSent = true;
  });
  let lastChange = clock();
  let open = jobs.length;
  while (!allSent || jobs.some(({ finalMs }) => finalMs === undefined)) {
    if (interrupted.aborted) throw interrupted.reason;
    const still = jobs.filter(({ finalMs }) => finalMs === undefined).length;
    if (still !== open) lastChange = clock();
    open = still;
    if (clock() - lastChange > deadlineMs) return;
    await sleep(100);
  }
}

async function readAll(clients: Clients) {
  const ids = clients.jobs.flatMap(({ id }) => id ?? []);
  const views = new Map<string, Awaited<ReturnType<Clients['view']>>>();
  const reader = async () => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) views.set(id, await clients.view(id));
  };
  await Promise.all(Array.from({ length: API_READERS }, reader));
  return views;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

const code = await main().catch((error: Error) => {
  process.stderr.write(`chaos: ${error.stack}\n`);
  return interruption.signal.aborted ? 130 : 1;
});
process.exit(code);

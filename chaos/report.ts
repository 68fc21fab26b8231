import { cpus } from 'node:os';
import type { Happened } from './break-things.ts';
import type { Clients } from './clients.ts';
import type { EffectCounts } from './count-effects.ts';
import type { Options } from './options.ts';
import type { Plan } from './plan.ts';
import { type Recovery, recoveries } from './recovery.ts';
import type { Crash } from './supervised-process.ts';

/** What a run found, as it is written in JSON. */
export interface Report {
  /** True when every promise was kept. */
  ok: boolean;
  promises: { promise: string; broken: number; examples: string[] }[];
  seed: number;
  command: string;
  startedAt: string;
  seconds: number;
  conditions: Record<string, string | number>;
  jobs: { planned: number; accepted: number; byState: Record<string, number> };
  effects: Omit<EffectCounts, 'missing' | 'twice'> & { missing: number; twice: number };
  client: { requests: number; retries: number; errors: Record<string, number> };
  recovery: Recovery[];
  crashes: Crash[];
  faults: Happened[];
  plan: Plan['faults'];
}

/** Puts the findings together and judges them. `views` is what the API says of each job at the end. */
export function makeReport(run: {
  options: Options;
  plan: Plan;
  startedAt: Date;
  seconds: number;
  clients: Clients;
  happened: Happened[];
  views: Map<string, { status: string; error?: { code: string } }>;
  effects: EffectCounts;
  crashes: Crash[];
}): Report {
  const { options, plan, clients, views, effects } = run;
  const accepted = clients.jobs.filter(({ id }) => id !== undefined);
  const idsWhere = (wanted: (status: string) => boolean) =>
    [...views]
      .filter(([, { status }]) => wanted(status))
      .map(([id, { status, error }]) => `${id} ${error?.code ?? status}`);
  const final = ['succeeded', 'failed', 'cancelled', 'expired'];
  const refused = clients.jobs.filter(({ id }) => id === undefined).map(({ key }) => `the one with key ${key}`);
  const promises = [
    promise('a request that is repeated is accepted in the end', refused),
    promise(
      'an accepted job becomes final',
      idsWhere((status) => !final.includes(status)),
    ),
    promise(
      'a job that can succeed does',
      idsWhere((status) => final.includes(status) && status !== 'succeeded'),
    ),
    promise('a job that succeeded took effect', effects.missing),
    promise('no effect is applied twice', effects.twice),
    promise('a repeated request makes no second job', surplus(effects.inLedger, clients)),
    promise('a good request is never called bad', refusals(clients)),
  ];
  const retries = clients.requests - clients.jobs.length;
  return {
    ok: promises.every(({ broken }) => broken === 0),
    promises,
    seed: options.seed,
    command: commandLine(options),
    startedAt: run.startedAt.toISOString(),
    seconds: Math.round(run.seconds),
    conditions: {
      gateways: options.gateways,
      workers: 2,
      reconcileMarginS: options.marginS,
      cores: cpus().length,
      node: process.version,
    },
    jobs: {
      planned: plan.jobs.length,
      accepted: accepted.length,
      byState: countBy([...views.values()].map(({ status }) => status)),
    },
    effects: { ...effects, missing: effects.missing.length, twice: effects.twice.length },
    client: { requests: clients.requests, retries, errors: clients.errors },
    recovery: recoveries(run.happened, clients.jobs),
    crashes: run.crashes,
    faults: run.happened,
    plan: plan.faults,
  };
}

/** The line that does the same again. */
export function commandLine({ seed, jobs, minutes, gateways, short, marginS, gapS, only }: Options): string {
  const flags = `--seed ${seed} --jobs ${jobs} --minutes ${minutes} --gateways ${gateways} --margin ${marginS}`;
  const gap = gapS === undefined ? '' : ` --gap ${gapS}`;
  const kinds = only === undefined ? '' : ` --only '${only.join(', ')}'`;
  return `npm run chaos -- ${flags}${gap}${kinds}${short ? ' --short' : ''}`;
}

/** The report for people. */
export function tableOf({
  promises,
  jobs,
  effects,
  client,
  recovery,
  crashes,
  faults,
  seconds,
  ok,
  command,
}: Report): string {
  const errors = Object.entries(client.errors).map(([what, count]) => `${what}: ${count}`);
  const rows = recovery.map(({ kind, faults, jobs, p50, p99, max, longestFault }) =>
    [kind.padEnd(22), ...[faults, jobs, p50, p99, max, longestFault].map((value) => String(value).padStart(8))].join(
      '',
    ),
  );
  return [
    `${jobs.accepted} jobs accepted, ${JSON.stringify(jobs.byState)}, ${faults.length} faults in ${seconds} s`,
    `effects: ${effects.applied} applied, ${effects.missing} missing, ${effects.twice} twice; ${effects.runs} runs, ${effects.ranAgain} jobs ran again, ${effects.absorbed} repeats absorbed by the inbox`,
    `clients: ${client.requests} requests, ${client.retries} of them repeated (${errors.join(', ') || 'no errors'})`,
    `processes that ended by themselves: ${crashes.length}${crashes.map(({ name, how, lastWords }) => `\n  ${name} (${how}): ${lastWords}`).join('')}`,
    '',
    `${'recovery, s'.padEnd(22)}${['faults', 'jobs', 'p50', 'p99', 'max', 'lasted'].map((head) => head.padStart(8)).join('')}`,
    ...rows,
    '',
    ...promises.map(({ promise, broken, examples }) =>
      broken === 0 ? `kept    ${promise}` : `BROKEN  ${promise}: ${broken} times, such as ${examples.join(', ')}`,
    ),
    ok ? 'every promise was kept' : `A PROMISE WAS BROKEN. The same faults again: ${command}`,
  ].join('\n');
}

function promise(text: string, broken: string[]) {
  return { promise: text, broken: broken.length, examples: broken.slice(0, 5) };
}

function surplus(inLedger: number, { jobs }: Clients): string[] {
  return Array.from(
    { length: Math.max(0, inLedger - jobs.length) },
    () => `${inLedger} jobs for ${jobs.length} requests`,
  );
}

// What a client may send again as it is; any other 4xx tells it to give up.
const PASSING = ['408', '425', '429'];

function refusals({ errors }: Clients): string[] {
  const called = Object.entries(errors).filter(([what]) => /^4\d\d$/.test(what) && !PASSING.includes(what));
  return called.flatMap(([status, count]) => Array.from({ length: count }, () => status));
}

function countBy(values: string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(values, (value) => value)].map(([value, all]) => [value, all.length]));
}

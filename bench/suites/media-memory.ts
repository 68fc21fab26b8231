import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { prepareSources } from '../images/photographs.ts';
import { upload } from '../images/tandem.ts';
import { Client, post } from '../load.ts';
import { type MixedFile, mixedFiles, mixedJob } from '../memory/mixed-jobs.ts';
import { plot } from '../memory/plot.ts';
import { type Sample, sample, withJemalloc } from '../memory/sample.ts';
import { conditions, figure, inOneLine, markdown, median, type Report } from '../report.ts';
import { type Stack, startStack } from '../stack.ts';
import { chosenSystems } from '../systems.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const JOBS = 5_000;
const QUICK_JOBS = 400;
/** After a tenth of the jobs, and at the end: the level is the median of so many samples. */
const LEVEL = 11;
const IDLE_MS = 15_000;
/** Some files of the corpus are drawn until they are killed; that this takes 10 s shows nothing more. */
const SVG_TIMEOUT_S = '2';
const IN_FLIGHT = 2 * availableParallelism();

/** One run of all jobs. */
interface Run {
  name: string;
  allocator: string;
  samples: Sample[];
  /** 15 s after the last job. */
  idle: Sample;
  /** Jobs by how they ended. */
  ends: Record<string, number>;
  jobsPerSecond: number;
}

/** Resident memory of the media service while it does thousands of mixed jobs, with glibc's allocator and with jemalloc. */
export async function run(
  say: (line: string) => void,
  options: { jobs?: number; quick?: boolean; only?: string[] },
): Promise<Report> {
  const jobs = options.jobs ?? (options.quick ? QUICK_JOBS : JOBS);
  const { sources, about } = await prepareSources();
  const files = await mixedFiles(sources);
  const jemalloc = process.env.BENCH_JEMALLOC;
  if (!jemalloc) throw new Error('jemalloc is missing: start the benchmark with npm run bench.');
  const runs: Run[] = [];
  const allocators = [
    { key: 'jemalloc', path: jemalloc },
    { key: 'glibc', path: '' },
  ];
  for (const { key, path } of chosenSystems(allocators, options.only))
    runs.push(await measure(key, path, files, jobs, say));
  const where = conditions();
  const drawn = drawPlot(runs, jobs, where);
  const whole = jobs >= JOBS;
  const path = join(ROOT, whole ? 'docs/benchmarks' : '.cache', 'media-memory.svg');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, drawn);
  return report(runs, { jobs, about, where, path: relative(ROOT, path) });
}

async function measure(
  name: string,
  jemalloc: string,
  files: MixedFile[],
  jobs: number,
  say: (line: string) => void,
): Promise<Run> {
  const media = { MEDIA_JEMALLOC: jemalloc, MEDIA_SVG_TIMEOUT_S: SVG_TIMEOUT_S };
  const stack = await startStack({ probeWorker: false, media });
  try {
    const objects: string[] = [];
    for (const { bytes } of files) objects.push(await upload(stack, bytes));
    const { found, of } = await withJemalloc(stack.pids.media!);
    const allocator = found === of ? 'jemalloc' : found === 0 ? 'glibc' : `jemalloc in ${found} of ${of}`;
    if (jemalloc && allocator !== 'jemalloc') throw new Error(`jemalloc was asked for, and there is ${allocator}`);
    say(`${name}: ${of} image processes with ${allocator}`);
    const ends: Record<string, number> = {};
    const samples: Sample[] = [];
    const every = Math.max(1, Math.floor(jobs / 200));
    let [next, done] = [0, 0];
    const begin = performance.now();
    const lane = async () => {
      const client = await Client.open(stack.url);
      while (next < jobs) {
        const end = await runJob(stack, client, mixedJob(next++, files, objects));
        ends[end] = (ends[end] ?? 0) + 1;
        done += 1;
        if (done % every > 0) continue;
        samples.push(await sample(stack.pids.media!, done));
        if (done % (every * 20) === 0) say(`${name}: ${done} jobs, ${Math.round(samples.at(-1)!.sum)} MB`);
      }
      client.close();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    const jobsPerSecond = (jobs * 1_000) / (performance.now() - begin);
    await sleep(IDLE_MS);
    return { name, allocator, samples, idle: await sample(stack.pids.media!, jobs), ends, jobsPerSecond };
  } finally {
    await stack.stop();
  }
}

/** `succeeded`, the code of the failure, or the status of an answer that is no end. */
async function runJob({ token }: Stack, client: Client, input: object): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, prefer: 'wait=60' };
  const status = await client.send(post('/v1/media/transform', JSON.stringify(input), headers));
  const { error, code, status: end } = JSON.parse(client.body);
  return status === '200' ? (error?.code ?? end) : `${status} ${code ?? end}`;
}

/** What the level was after a tenth of the jobs, and is at the end. */
function levels({ samples }: Run, jobs: number) {
  const near = samples.toSorted((a, b) => Math.abs(a.jobs - jobs / 10) - Math.abs(b.jobs - jobs / 10));
  const level = (of: Sample[]) => median(of.map(({ sum }) => sum))!;
  const early = level(near.slice(0, LEVEL));
  const late = level(samples.slice(-LEVEL));
  return { early, late, ratio: late / early, most: Math.max(...samples.map(({ sum }) => sum)) };
}

function drawPlot(runs: Run[], jobs: number, where: Record<string, string>): string {
  const colors = ['#0969da', '#cf222e'];
  const curves = runs.flatMap(({ name, samples }, index) =>
    (['sum', 'parent'] as const).map((part) => ({
      name: `${name}: ${part === 'sum' ? 'the service and its image processes' : 'the service alone'}`,
      color: colors[index]!,
      dashed: part === 'parent',
      points: samples.map((each) => ({ x: each.jobs, y: each[part] })),
    })),
  );
  return plot({
    title: `Resident memory of the media service over ${jobs.toLocaleString('en-US')} mixed jobs`,
    xName: 'jobs done',
    yName: 'MB',
    curves,
    notes: [`${IN_FLIGHT} jobs in flight. ${inOneLine(where)}`],
  });
}

function report(
  runs: Run[],
  { jobs, about, where, path }: { jobs: number; about: string; where: Record<string, string>; path: string },
): Report {
  const found = runs.map((each) => ({ ...each, ...levels(each, jobs) }));
  const early = `after ${(jobs / 10).toLocaleString('en-US')} jobs, MB`;
  const table = markdown(
    ['', early, 'at the end, MB', 'ratio', 'most, MB', 'idle 15 s later, MB', 'the service alone, MB', 'jobs/s'],
    found.map((each) => [
      each.name === each.allocator ? each.name : `${each.name} (found: ${each.allocator})`,
      ...[each.early, each.late, each.ratio, each.most, each.idle.sum, each.idle.parent, each.jobsPerSecond].map(
        figure,
      ),
    ]),
  );
  const ends = found.map(
    ({ name, ends: by }) =>
      `${name}: ${Object.entries(by)
        .map(([end, n]) => `${n} ${end}`)
        .join(', ')}`,
  );
  const notes = `${jobs} mixed jobs, ${IN_FLIGHT} in flight, the same ones in both runs; ${about}. ${ends.join('; ')}. ${inOneLine(where)}. Plot: ${path}`;
  return { conditions: where, jobs, runs: found, plot: path, table: `${table}\n\n${notes}` };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from '../images/contestant.ts';
import { ipx, sharpOverHttp } from '../images/http.ts';
import { benchPresets, tandemOnTheFly } from '../images/on-the-fly.ts';
import { prepareSources } from '../images/photographs.ts';
import { comparePictures, type Pictures } from '../images/pictures.ts';
import { mediaReport } from '../images/report.ts';
import { bareSharp } from '../images/sharp.ts';
import { type ImageTandem, openImageTandem, tandemJobs } from '../images/tandem.ts';
import { type Source, TASKS, type Task } from '../images/tasks.ts';
import { cpuSeconds, cpuSecondsAlone } from '../processes.ts';
import { figure, quantile, type Report } from '../report.ts';
import { chosenSystems } from '../systems.ts';

const ROUNDS = 5;
/** Of the images of a round, to warm up, and of all with --quick. */
const FEW = 0.1;
/** What a system still does after its last answer is its own, and not the next one's. */
const SETTLE_MS = 500;

/** What one round of one system showed. */
export interface Round {
  perSecond: number;
  p50: number;
  p99: number;
  /** Milliseconds of processor time for each image, by process. */
  cpu: Record<string, number>;
}

/** All of one system, by the key of the task. */
export interface Result {
  contestant: Pick<Contestant, 'key' | 'name' | 'inFlight'>;
  rounds: Record<string, Round[]>;
  pictures: Record<string, Pictures>;
}

/** The same photographs made smaller by sharp alone, by servers on top of it, and by Tandem; bytes and likeness too. */
export async function run(
  say: (line: string) => void,
  options: { rounds?: number; only?: string[]; tasks?: string[]; quick?: boolean },
): Promise<Report> {
  const { folder, sources, about } = await prepareSources();
  const tandem = await openImageTandem(sources, benchPresets());
  const contestants: Contestant[] = [];
  try {
    for (const { open } of chosenSystems(systems(folder, tandem), options.only)) contestants.push(await open());
    const results = contestants.map((contestant): Result => ({ contestant, rounds: {}, pictures: {} }));
    const rounds = options.rounds ?? ROUNDS;
    const tasks = chosenSystems(TASKS, options.tasks);
    for (const task of tasks) {
      const files = sources.filter((source) => source.task === task);
      await compare(task, files, contestants, results, { rounds, share: options.quick ? FEW : 1, say });
    }
    return mediaReport(results, tasks, { rounds, about });
  } finally {
    for (const contestant of contestants) await contestant.stop();
    await tandem.stack.stop();
  }
}

function systems(folder: string, tandem: ImageTandem): { key: string; open: () => Promise<Contestant> }[] {
  const jobs = (key: string, name: string, times: number, placeholders = false) => ({
    key,
    open: async () => tandemJobs(tandem, { key, name, times, placeholders }),
  });
  return [
    { key: 'sharp', open: () => bareSharp('sharp', 'bare sharp', 'tandem') },
    { key: 'sharp-default', open: () => bareSharp('sharp-default', 'bare sharp, its default efforts', 'default') },
    { key: 'http', open: () => sharpOverHttp(folder) },
    { key: 'ipx', open: () => ipx(folder) },
    jobs('tandem', 'Tandem, a job for each', 2),
    jobs('tandem-more', 'Tandem, a job for each', 4),
    jobs('tandem-many', 'Tandem, a job for each', 16),
    jobs('tandem-placeholders', 'the same with placeholders', 4, true),
    { key: 'on-the-fly', open: async () => tandemOnTheFly(tandem, 'cold') },
    { key: 'on-the-fly-warm', open: async () => tandemOnTheFly(tandem, 'warm') },
  ];
}

async function compare(
  task: Task,
  files: Source[],
  contestants: Contestant[],
  results: Result[],
  { rounds, share, say }: { rounds: number; share: number; say: (line: string) => void },
): Promise<void> {
  for (const [index, contestant] of contestants.entries()) {
    await contestant.round(someOf(files, task.images * FEW));
    results[index]!.rounds[task.key] = [];
    results[index]!.pictures[task.key] = await comparePictures(contestant, files);
  }
  for (let i = 1; i <= rounds; i += 1) {
    for (const [index, contestant] of contestants.entries()) {
      const round = await measure(contestant, someOf(files, task.images * share));
      results[index]!.rounds[task.key]!.push(round);
      const { perSecond, p50, p99 } = round;
      say(
        `${task.name}, round ${i}, ${contestant.name}: ${figure(perSecond)}/s, p50 ${figure(p50)} ms, p99 ${figure(p99)} ms`,
      );
    }
  }
}

/** One file after the other, so that no two alike are made at once. */
function someOf(files: Source[], count: number): Source[] {
  return Array.from({ length: Math.ceil(count) }, (_, n) => files[n % files.length]!);
}

async function measure(contestant: Contestant, sources: Source[]): Promise<Round> {
  await sleep(SETTLE_MS);
  const before = await cpuOf(contestant);
  const { milliseconds, seconds } = await contestant.round(sources);
  await sleep(SETTLE_MS);
  const after = await cpuOf(contestant);
  const cpu = Object.entries(after).map(([name, used]) => [name, ((used - before[name]!) * 1_000) / sources.length]);
  return {
    perSecond: sources.length / seconds,
    p50: quantile(milliseconds, 0.5)!,
    p99: quantile(milliseconds, 0.99)!,
    cpu: Object.fromEntries(cpu),
  };
}

/** The image processes of the media service apart from itself. */
async function cpuOf({ pids }: Contestant): Promise<Record<string, number>> {
  const used = await cpuSeconds(pids);
  if (!pids.media) return used;
  const media = await cpuSecondsAlone(pids.media);
  return { ...used, media, 'image processes': used.media! - media };
}

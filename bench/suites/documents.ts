import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contestant, puppeteerServer, tandemJobs } from '../documents/contestants.ts';
import { documentsReport } from '../documents/report.ts';
import { readSheets, type Sheet, TEMPLATES, writePages } from '../documents/sheets.ts';
import { Client } from '../load.ts';
import { cpuSeconds, residentFamilyMegabytes } from '../processes.ts';
import { figure, quantile, type Report, sum } from '../report.ts';
import { type Stack, startStack } from '../stack.ts';
import { chosenSystems } from '../systems.ts';

const ROUNDS = 3;
const CLIENTS = 20;
const ROUND_MS = 30_000;
const WARM_UP_MS = 5_000;
const QUICK_MS = 5_000;
/** What a system still does after its last answer is its own, and not the next one's. */
const SETTLE_MS = 500;

/** What one round of one system showed. */
export interface Round {
  perSecond: number;
  p50: number;
  p99: number;
  /** Resident memory at the end of the round, by process with its children. What they share counts once. */
  megabytes: Record<string, number>;
  /** Milliseconds of processor time for each document, by process. */
  cpu: Record<string, number>;
}

/** All of one system, by the key of the document. */
export interface Result {
  key: string;
  name: string;
  rounds: Record<string, Round[]>;
}

/** The same documents made by Tandem's jobs and by servers on top of puppeteer. */
export async function run(
  say: (line: string) => void,
  options: { rounds?: number; only?: string[]; tasks?: string[]; quick?: boolean },
): Promise<Report> {
  const sheets = chosenSystems(await readSheets(), options.tasks);
  const folder = await writePages(sheets);
  const stack = await startStack({ probeWorker: false, documents: {}, env: { TEMPLATES_DIR: TEMPLATES } });
  const contestants: Contestant[] = [];
  try {
    for (const { open } of chosenSystems(systems(stack, folder), options.only)) contestants.push(await open());
    const results = contestants.map(({ key, name }): Result => ({ key, name, rounds: {} }));
    const rounds = options.rounds ?? ROUNDS;
    const roundMs = options.quick ? QUICK_MS : ROUND_MS;
    for (const sheet of sheets) {
      for (const contestant of contestants) await load(contestant, sheet, options.quick ? QUICK_MS / 2 : WARM_UP_MS);
      for (let i = 1; i <= rounds; i += 1) {
        for (const [index, contestant] of contestants.entries()) {
          const round = await measure(contestant, sheet, roundMs);
          const measured = results[index]!.rounds;
          measured[sheet.key] = [...(measured[sheet.key] ?? []), round];
          const { perSecond, p50, p99, megabytes } = round;
          say(
            `${sheet.name}, round ${i}, ${contestant.name}: ${figure(perSecond)}/s, p50 ${figure(p50)} ms, p99 ${figure(p99)} ms, ${figure(sum(megabytes))} MB`,
          );
        }
      }
    }
    return documentsReport(results, sheets, { rounds, seconds: roundMs / 1_000, clients: CLIENTS });
  } finally {
    for (const contestant of contestants) await contestant.stop();
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function systems(stack: Stack, folder: string): { key: string; open: () => Promise<Contestant> }[] {
  const shell = chromiumOf('CHROMIUM_BIN');
  const full = chromiumOf('BENCH_CHROMIUM');
  const peer = (key: string, name: string, mode: 'context' | 'wiped' | 'bare', chromium: string) => ({
    key,
    open: () => puppeteerServer({ key, name, mode, chromium }, folder),
  });
  return [
    {
      key: 'layout',
      open: async () => tandemJobs(stack, 'layout', 'Tandem, a job for each, by layout where there is one'),
    },
    {
      key: 'tandem',
      open: async () => tandemJobs(stack, 'tandem', 'Tandem, a job for each, by browser', { engine: 'browser' }),
    },
    peer('context-full', 'puppeteer, a context for each, Chromium', 'context', full),
    peer('context', 'puppeteer, a context for each, headless shell', 'context', shell),
    peer('wiped', 'pages wiped and used again, headless shell', 'wiped', shell),
    peer('bare', 'pages used again as they are (the limit)', 'bare', shell),
  ];
}

function chromiumOf(variable: string): string {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} is missing: start the benchmark with npm run bench.`);
  return path;
}

async function measure(contestant: Contestant, sheet: Sheet, roundMs: number): Promise<Round> {
  await sleep(SETTLE_MS);
  const before = await cpuSeconds(contestant.pids);
  const { milliseconds, seconds } = await load(contestant, sheet, roundMs);
  const megabytes: Record<string, number> = {};
  for (const [name, pid] of Object.entries(contestant.pids)) megabytes[name] = await residentFamilyMegabytes([pid]);
  await sleep(SETTLE_MS);
  const after = await cpuSeconds(contestant.pids);
  const used = Object.entries(after).map(([name, now]) => [
    name,
    ((now - before[name]!) * 1_000) / milliseconds.length,
  ]);
  return {
    perSecond: milliseconds.length / seconds,
    p50: quantile(milliseconds, 0.5)!,
    p99: quantile(milliseconds, 0.99)!,
    megabytes,
    cpu: Object.fromEntries(used),
  };
}

let nth = 0;

/** 20 clients ask, each for the next document when it has one. Those that are asked for at the end are waited for, and count. */
async function load(
  contestant: Contestant,
  sheet: Sheet,
  ms: number,
): Promise<{ milliseconds: number[]; seconds: number }> {
  const milliseconds: number[] = [];
  const begin = performance.now();
  const lane = async () => {
    const client = await Client.open(contestant.url);
    while (performance.now() - begin < ms) {
      const start = performance.now();
      nth += 1;
      await contestant.make(client, sheet, nth);
      milliseconds.push(performance.now() - start);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: CLIENTS }, lane));
  return { milliseconds, seconds: (performance.now() - begin) / 1_000 };
}

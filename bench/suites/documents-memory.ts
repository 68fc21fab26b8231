import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tandemJobs } from '../documents/contestants.ts';
import { readSheets, TEMPLATES } from '../documents/sheets.ts';
import { Client } from '../load.ts';
import { plot } from '../memory/plot.ts';
import { residentFamilyMegabytes, residentMegabytes } from '../processes.ts';
import { conditions, figure, inOneLine, markdown, median, type Report } from '../report.ts';
import { startStack } from '../stack.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const DOCUMENTS = 5_000;
const QUICK_DOCUMENTS = 400;
const IN_FLIGHT = 8;
const SAMPLES = 200;
/** After a tenth of the documents, and at the end: the level is the median of so many samples. */
const LEVEL = 11;
const IDLE_MS = 15_000;
/** One document in so many is an invoice of ten pages, and one in so many runs scripts, in a context of its own. */
const LONG = 50;
const SCRIPTED = 20;
const SCRIPTS = '<h1>Rapport</h1><p id="n"></p><script>n.textContent = "é".repeat(5000)</script>';

/** Megabytes; what processes share counts once. */
interface Sample {
  documents: number;
  all: number;
  service: number;
}

/** Memory of the documents service and its browsers while they make thousands of documents. */
export async function run(say: (line: string) => void, options: { jobs?: number; quick?: boolean }): Promise<Report> {
  const documents = options.jobs ?? (options.quick ? QUICK_DOCUMENTS : DOCUMENTS);
  const stack = await startStack({ probeWorker: false, documents: {}, env: { TEMPLATES_DIR: TEMPLATES } });
  try {
    const [quote, invoice] = await readSheets();
    const byTemplate = tandemJobs(stack, 'tandem', 'Tandem', { engine: 'browser' });
    const scripted = {
      key: 'scripts',
      name: 'scripts',
      input: () => ({ source: { html: SCRIPTS }, load: { javascript: true } }),
    };
    const look = async (done: number): Promise<Sample> => ({
      documents: done,
      all: await residentFamilyMegabytes([stack.pids.documents!]),
      service: await residentMegabytes(stack.pids.documents!),
    });
    const samples: Sample[] = [];
    const every = Math.max(1, Math.floor(documents / SAMPLES));
    let [next, done] = [0, 0];
    const begin = performance.now();
    const lane = async () => {
      const client = await Client.open(stack.url);
      while (next < documents) {
        next += 1;
        const sheet = next % LONG === 0 ? invoice! : next % SCRIPTED === 0 ? scripted : quote!;
        await byTemplate.make(client, sheet, next);
        done += 1;
        if (done % every > 0) continue;
        const sample = await look(done);
        samples.push(sample);
        if (sample.documents % (every * 20) === 0) say(`${sample.documents} documents, ${figure(sample.all)} MB`);
      }
      client.close();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    const perSecond = (documents * 1_000) / (performance.now() - begin);
    await sleep(IDLE_MS);
    return report(samples, await look(documents), { documents, perSecond });
  } finally {
    await stack.stop();
  }
}

function report(
  samples: Sample[],
  idle: Sample,
  { documents, perSecond }: { documents: number; perSecond: number },
): Report {
  const where = conditions();
  const near = samples.toSorted(
    (a, b) => Math.abs(a.documents - documents / 10) - Math.abs(b.documents - documents / 10),
  );
  const level = (of: Sample[]) => median(of.map(({ all }) => all))!;
  const early = level(near.slice(0, LEVEL));
  const late = level(samples.slice(-LEVEL));
  const most = Math.max(...samples.map(({ all }) => all));
  const path = join(ROOT, documents >= DOCUMENTS ? 'docs/benchmarks' : '.cache', 'documents-memory.svg');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, drawPlot(samples, documents, where));
  const table = markdown(
    [
      '',
      `after ${(documents / 10).toLocaleString('en-US')}, MB`,
      'at the end, MB',
      'ratio',
      'most, MB',
      'idle 15 s later, MB',
      'the service alone, MB',
      'documents/s',
    ],
    [['Tandem', ...[early, late, late / early, most, idle.all, idle.service, perSecond].map(figure)]],
  );
  const notes = `${documents} documents, ${IN_FLIGHT} in flight: quotes; one in ${LONG} an invoice of ten pages, one in ${SCRIPTED} a page with scripts. ${inOneLine(where)}. Plot: ${relative(ROOT, path)}`;
  return { conditions: where, documents, samples, idle, table: `${table}\n\n${notes}` };
}

function drawPlot(samples: Sample[], documents: number, where: Record<string, string>): string {
  const points = (part: 'all' | 'service') => samples.map((each) => ({ x: each.documents, y: each[part] }));
  return plot({
    title: `Memory of the documents service over ${documents.toLocaleString('en-US')} documents`,
    xName: 'documents made',
    yName: 'MB',
    curves: [
      { name: 'the service, its browsers and processes', color: '#0969da', points: points('all') },
      { name: 'the service alone', color: '#0969da', dashed: true, points: points('service') },
    ],
    notes: [`${IN_FLIGHT} documents in flight. ${inOneLine(where)}`],
  });
}

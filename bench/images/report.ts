import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { conditions, figure, inOneLine, markdown, median, type Report } from '../report.ts';
import type { Result, Round } from '../suites/media.ts';
import type { Task } from './tasks.ts';

/** Rows are systems, columns are tasks; the first system is the one that the others are held against. */
export function mediaReport(
  results: Result[],
  chosen: Task[],
  { rounds, about }: { rounds: number; about: string },
): Report {
  const where = { ...conditions(['ipx']), sharp: sharp.versions.sharp, ...versions(), libvips: sharp.versions.vips };
  const systems = results.map(({ contestant, rounds: measured, pictures }) => ({
    key: contestant.key,
    name: `${contestant.name} (${contestant.inFlight})`,
    tasks: Object.fromEntries(
      chosen.map(({ key }) => [key, { ...summary(measured[key]!), ...pictures[key]! }] as const),
    ),
  }));
  type Cell = (typeof systems)[number]['tasks'][string];
  const [first] = systems;
  const table = (title: string, cell: (of: Cell, best: Cell) => string) =>
    markdown(
      [title, ...chosen.map(({ name }) => name)],
      systems.map(({ name, tasks }) => [name, ...chosen.map(({ key }) => cell(tasks[key]!, first!.tasks[key]!))]),
    );
  const tables = [
    table('images/s (ratio)', (of, best) => `${figure(of.perSecond)} (${figure(of.perSecond / best.perSecond)})`),
    table('p50 / p99, ms', ({ p50, p99 }) => `${figure(p50)} / ${figure(p99)}`),
    table('CPU ms for each image', ({ cpu }) => figure(sum(cpu))),
    table('KB / SSIM', ({ bytes, ssim }) => `${figure(bytes / 1_000)} / ${ssim.toFixed(4)}`),
    ...systems.filter(({ key }) => key === 'tandem').map(({ tasks }) => whereItGoes(chosen, tasks)),
  ];
  const notes = `Medians of ${rounds} rounds in turns; in brackets how many images are asked for at once. ${about}. ${inOneLine(where)}.`;
  return { conditions: where, about, rounds, systems, table: [...tables, notes].join('\n\n') };
}

function summary(rounds: Round[]): Round {
  const middle = (pick: (round: Round) => number) => median(rounds.map(pick))!;
  return {
    perSecond: middle(({ perSecond }) => perSecond),
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    cpu: Object.fromEntries(Object.keys(rounds[0]!.cpu).map((name) => [name, middle(({ cpu }) => cpu[name]!)])),
  };
}

function whereItGoes(chosen: Task[], tasks: Record<string, { cpu: Record<string, number> }>): string {
  const names = Object.keys(Object.values(tasks)[0]!.cpu);
  return markdown(
    ['Tandem, CPU ms for each image', ...chosen.map(({ name }) => name)],
    names.map((name) => [name, ...chosen.map(({ key }) => figure(tasks[key]!.cpu[name]))]),
  );
}

function sum(cpu: Record<string, number>): number {
  return Object.values(cpu).reduce((total, each) => total + each, 0);
}

/** The media service has a sharp of its own; a comparison needs the same one. */
function versions(): Record<string, string> {
  const require = createRequire(import.meta.resolve('@tandem/media/config'));
  const entry = require.resolve('sharp');
  const { version } = JSON.parse(readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8'));
  return version === sharp.versions.sharp ? {} : { "the media service's sharp": version };
}

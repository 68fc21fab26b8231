import { conditions, figure, inOneLine, markdown, median, type Report, sum } from '../report.ts';
import type { Result, Round } from '../suites/documents.ts';
import type { Sheet } from './sheets.ts';

/** Rows are systems, columns are documents; the ratio is that of Tandem to the row. */
export function documentsReport(
  results: Result[],
  sheets: Sheet[],
  { rounds, seconds, clients }: { rounds: number; seconds: number; clients: number },
): Report {
  const where = conditions(['puppeteer-core']);
  const systems = results.map(({ key, name, rounds: measured }) => ({
    key,
    name,
    documents: Object.fromEntries(sheets.map((sheet) => [sheet.key, summary(measured[sheet.key]!)] as const)),
  }));
  const tandem = systems.find(({ key }) => key === 'tandem')?.documents;
  const table = (title: string, cell: (of: Round, sheet: Sheet) => string) =>
    markdown(
      [title, ...sheets.map(({ name }) => name)],
      systems.map(({ name, documents }) => [name, ...sheets.map((sheet) => cell(documents[sheet.key]!, sheet))]),
    );
  const ratio = (of: Round, { key }: Sheet) => (tandem ? ` (${figure(tandem[key]!.perSecond / of.perSecond)})` : '');
  const byProcess = (title: string, figures: (of: Round) => Record<string, number>) =>
    markdown(
      [title, ...sheets.map(({ name }) => name)],
      Object.keys(figures(Object.values(tandem!)[0]!)).map((process) => [
        process,
        ...sheets.map(({ key }) => figure(figures(tandem![key]!)[process])),
      ]),
    );
  const tables = [
    table('PDFs/s (Tandem to it)', (of, sheet) => `${figure(of.perSecond)}${ratio(of, sheet)}`),
    table('p50 / p99, ms', ({ p50, p99 }) => `${figure(p50)} / ${figure(p99)}`),
    table('CPU ms for each PDF', ({ cpu }) => figure(sum(cpu))),
    table('resident memory, MB', ({ megabytes }) => figure(sum(megabytes))),
    ...(tandem ? [byProcess('Tandem, CPU ms for each PDF', ({ cpu }) => cpu)] : []),
    ...(tandem ? [byProcess('Tandem, resident memory, MB', ({ megabytes }) => megabytes)] : []),
  ];
  const notes = `Medians of ${rounds} rounds of ${seconds} s in turns, ${clients} clients. ${inOneLine(where)}.`;
  return { conditions: where, rounds, systems, table: [...tables, notes].join('\n\n') };
}

function summary(rounds: Round[]): Round {
  const middle = (pick: (round: Round) => number) => median(rounds.map(pick))!;
  const each = (pick: (round: Round) => Record<string, number>) =>
    Object.fromEntries(Object.keys(pick(rounds[0]!)).map((name) => [name, middle((round) => pick(round)[name]!)]));
  return {
    perSecond: middle(({ perSecond }) => perSecond),
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    megabytes: each(({ megabytes }) => megabytes),
    cpu: each(({ cpu }) => cpu),
  };
}

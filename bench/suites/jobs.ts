import { openArena } from '../arena.ts';
import { type Contestant, enter, measure, type Round, SIZES, type Sizes } from '../measure-jobs.ts';
import { measureRecovery, PATIENCE_S } from '../measure-recovery.ts';
import { killRemotes } from '../remote.ts';
import { conditions, figure, inOneLine, markdown, median, type Report } from '../report.ts';
import { chosenSystems, SYSTEMS } from '../systems.ts';

const WARM_UP: Sizes = { inFlight: 2_000, sequential: 100, batched: 2_000, batchSize: 1_000, waited: 20 };

interface Result {
  rounds: Round[];
  /** Seconds; undefined when it was not measured. */
  recovery?: number;
}

type Results = Map<Contestant, Result>;

/** A job's way through Tandem and through what people would take instead: the same job, the same machine, in turns. */
export async function run(
  say: (line: string) => void,
  options: { rounds?: number; only?: string[]; recovery?: boolean },
): Promise<Report> {
  const systems = chosenSystems(SYSTEMS, options.only);
  const rounds = options.rounds ?? 5;
  const arena = await openArena(systems);
  try {
    const results: Results = new Map();
    for (const system of systems) {
      const contestant = await enter(arena, system);
      await measure(arena, contestant, WARM_UP);
      results.set(contestant, { rounds: [] });
      say(`${system.name}: warm`);
      if (!contestant.takesBatches)
        say(`${system.name}: this build takes no batches, jobs are added one by one instead`);
    }
    for (let i = 1; i <= rounds; i += 1) {
      for (const [contestant, result] of results) {
        const round = await measure(arena, contestant, SIZES);
        result.rounds.push(round);
        say(`round ${i}, ${contestant.system.name}: ${inShort(round)}`);
      }
    }
    if (options.recovery !== false) {
      say(`killing a worker of each, and waiting for ${PATIENCE_S} s at most`);
      const recover = async ([contestant, result]: [Contestant, Result]) => {
        result.recovery = await measureRecovery(arena, contestant);
      };
      await Promise.all([...results].map(recover));
    }
    const peers = systems.some(({ key }) => key !== 'tandem') ? ['bullmq', 'pg-boss', 'graphile-worker'] : [];
    return report(results, rounds, { ...conditions(peers), ...arena.versions });
  } finally {
    await killRemotes();
    await arena.stop();
  }
}

function inShort({ sequential, inFlight, batched, drained, p50 }: Round): string {
  const added = [sequential, inFlight, batched].map(figure).join(' / ');
  return `added/s ${added}, drained/s ${figure(drained)}, one by one ${figure(p50)} ms`;
}

function report(results: Results, rounds: number, where: Record<string, string>): Report {
  const systems = [...results].map(([{ system }, result]) => {
    const middle = (pick: (round: Round) => number | undefined) =>
      median(result.rounds.map(pick).filter((value) => value !== undefined));
    const cpu = Object.fromEntries(
      Object.keys(result.rounds[0]!.cpu).map((name) => [name, middle((round) => round.cpu[name])!]),
    );
    // Tandem's producer is the caller: it writes HTTP requests and is on another machine in earnest.
    if (system.key === 'tandem') delete cpu.producer;
    return {
      name: system.name,
      sequential: middle((round) => round.sequential),
      inFlight: middle((round) => round.inFlight),
      batched: middle((round) => round.batched),
      drained: middle((round) => round.drained),
      p50: middle((round) => round.p50),
      p99: middle((round) => round.p99),
      recovery: result.recovery,
      cpu,
    };
  });
  const speed = markdown(
    [
      '',
      'added/s, one by one',
      'added/s, 64 in flight',
      'added/s, in batches',
      'drained/s',
      'add to done p50, ms',
      'p99, ms',
      'worker killed, s',
    ],
    systems.map((each) => [
      each.name,
      ...[each.sequential, each.inFlight, each.batched, each.drained, each.p50, each.p99].map(figure),
      each.recovery === Number.POSITIVE_INFINITY ? `> ${PATIENCE_S}` : figure(each.recovery),
    ]),
  );
  const cpu = markdown(
    ['CPU s per 10,000 jobs', 'all', 'gateway', 'producer', 'worker', 'servers'],
    systems.map(({ name, cpu }) => {
      const { gateway, producer, worker, ...servers } = cpu;
      const sum = (of: object) => Object.values(of).reduce((total: number, value: number) => total + value, 0);
      return [name, ...[sum(cpu), gateway, producer, worker, sum(servers)].map(figure)];
    }),
  );
  const about = `Medians of ${rounds} rounds in turns; a round: ${SIZES.inFlight} jobs 64 in flight, ${SIZES.sequential} one by one, ${SIZES.batched} in batches of ${SIZES.batchSize}. ${inOneLine(where)}.`;
  return { conditions: where, rounds, sizes: SIZES, systems, table: `${speed}\n\n${cpu}\n\n${about}` };
}

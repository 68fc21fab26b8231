import { parseArgs } from 'node:util';
import { KINDS, type Kind } from './kinds.ts';

/** What a run does; the plan follows from it alone. */
export interface Options {
  seed: number;
  jobs: number;
  minutes: number;
  gateways: number;
  /** The short profile: one of each cheap fault. */
  short: boolean;
  /** The kinds of fault; without it all, or with `short` the cheap ones. */
  only: Kind[] | undefined;
  /** Seconds of calm after each fault; without it 5 to 10, and some faults overlap. */
  gapS: number | undefined;
  /** RECONCILE_MARGIN_S of the gateways. */
  marginS: number;
  /** After so many seconds in which no job became final, once the faults are over, the rest counts as lost. */
  deadlineS: number;
  /** Where the report goes: a file, or `-` for standard output. */
  json: string | undefined;
  /** Keeps the logs of the processes even when all went well. */
  keepLogs: boolean;
  planOnly: boolean;
}

export const USAGE = `npm run chaos -- [options]
  --seed N       chooses what breaks when (default: a new one, printed)
  --jobs N       jobs to submit (default 2000)
  --minutes N    how long they are submitted while things break (default 4)
  --gateways N   gateway processes, 1 or 2 (default 1)
  --short        one of each cheap fault
  --only KINDS   such as 'kill worker, wipe nats'; there are: ${KINDS.join(', ')}
  --gap N        seconds of calm after each fault, and no two at once (default: 5 to 10, some at once)
  --margin N     RECONCILE_MARGIN_S of the gateways (default 30, as in production; 5 with --short)
  --deadline N   after so many seconds in which no job ended, the rest is lost (default 120)
  --json FILE    writes the report as JSON to FILE; - writes it to standard output
  --keep-logs    keeps the logs of the processes even when every promise was kept
  --plan         prints the plan and ends`;

/** Reads the command line. Throws an `Error` that names the option at fault. */
export function readOptions(args: string[]): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args,
    options: {
      seed: text,
      jobs: text,
      minutes: text,
      gateways: text,
      only: text,
      gap: text,
      margin: text,
      deadline: text,
      json: text,
      short: flag,
      'keep-logs': flag,
      plan: flag,
    },
  });
  const number = (name: keyof typeof values, fallback: number, low: number, high: number) => {
    const value = Number(values[name] ?? fallback);
    if (value >= low && value <= high) return value;
    throw new Error(`--${name} must be a number from ${low} to ${high}, not "${values[name]}".`);
  };
  return {
    seed: Math.floor(number('seed', Math.floor(Math.random() * 1e6), 0, 2 ** 32 - 1)),
    jobs: Math.floor(number('jobs', values.short ? 300 : 2_000, 1, 1_000_000)),
    minutes: number('minutes', values.short ? 0.5 : 4, 0.1, 1_440),
    gateways: Math.floor(number('gateways', 1, 1, 2)),
    short: values.short,
    only: values.only?.split(',').map((kind) => known(kind.trim())),
    gapS: values.gap === undefined ? undefined : number('gap', 0, 0, 3_600),
    marginS: Math.floor(number('margin', values.short ? 5 : 30, 1, 3_600)),
    deadlineS: number('deadline', 120, 1, 3_600),
    json: values.json,
    keepLogs: values['keep-logs'],
    planOnly: values.plan,
  };
}

function known(name: string): Kind {
  const kind = KINDS.find((each) => each === name);
  if (kind) return kind;
  throw new Error(`--only: there is no fault called "${name}".`);
}

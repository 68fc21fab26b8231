import { CHEAP, KINDS, type Kind } from './kinds.ts';
import type { Options } from './options.ts';
import { type Random, seededRandom } from './seeded-random.ts';

/** Which way a cut link loses its bytes, seen from the client. Lost answers leave work done that nobody heard of. */
export type Direction = 'both' | 'requests' | 'answers';
/** How a cut ends: what was held arrives late, or both sides get a reset and it is lost. */
export type Ending = 'heal' | 'reset';

/** One thing that will be done. */
export interface Fault {
  /** Milliseconds after the first job. */
  atMs: number;
  kind: Kind;
  /** `worker-1`, `nats`, `gateway-1>postgres`. */
  target: string;
  /** How long it stays down, frozen or cut. */
  forMs: number;
  direction?: Direction;
  ending?: Ending;
}

/** What one job asks for. */
export interface PlannedJob {
  behave: 'quick' | 'slow' | 'fail-once' | 'media' | 'document';
  /** Milliseconds of work, or that a document takes at least; the width of the image for media. */
  size: number;
}

/** Everything that a seed decides. */
export interface Plan {
  faults: Fault[];
  jobs: PlannedJob[];
}

const FREEZE_MS = 20_000;
const FULL = { kinds: KINDS, firstMs: 3_000, gapMs: [5_000, 10_000], downMs: [0, 3_000], cutMs: [3_000, 15_000] };
const SHORT = { kinds: CHEAP, firstMs: 2_000, gapMs: [2_500, 3_500], downMs: [0, 1_000], cutMs: [3_000, 4_000] };
/** One fault in so many begins while the one before is still under way. */
const ONE_IN_OVERLAPS = 5;

type PlanOptions = Pick<Options, 'seed' | 'jobs' | 'minutes' | 'gateways' | 'short' | 'gapS' | 'only'>;

/** The plan of a run: the same options give the same plan. */
export function makePlan(options: PlanOptions): Plan {
  // Streams of their own, so that more jobs do not mean other faults.
  return {
    faults: planFaults(seededRandom(options.seed), options),
    jobs: planJobs(seededRandom(options.seed + 1), options.jobs),
  };
}

/** Rounds of all kinds in random order, until the time is up. */
function planFaults(random: Random, { minutes, gateways, short, gapS, only }: PlanOptions) {
  const profile = short ? SHORT : FULL;
  const faults: Fault[] = [];
  let at = profile.firstMs;
  for (;;) {
    for (const kind of random.shuffle(only ?? profile.kinds)) {
      const fault = { atMs: at, kind, ...details(random, kind, profile, gateways) };
      if (at > minutes * 60_000) return faults;
      faults.push(fault);
      const [least, most] = gapS === undefined ? profile.gapMs : [gapS * 1_000, gapS * 1_000];
      const overlap = gapS === undefined && !short && random.int(1, ONE_IN_OVERLAPS) === 1;
      at += overlap ? random.int(500, 2_000) : fault.forMs + random.int(least!, most!);
    }
    if (short) return faults;
  }
}

function details(random: Random, kind: Kind, profile: typeof FULL | typeof SHORT, gateways: number) {
  const [verb, object] = kind.split(' ') as [string, string];
  const worker = random.int(1, 2);
  const named: Record<string, string> = {
    worker: `worker-${worker}`,
    browsers: `browsers-${worker}`,
    gateway: `gateway-${random.int(1, gateways)}`,
  };
  const target = object
    .split('-')
    .map((part) => named[part] ?? part)
    .join('>');
  if (verb === 'freeze') return { target, forMs: FREEZE_MS };
  if (verb !== 'cut') return { target, forMs: random.int(profile.downMs[0]!, profile.downMs[1]!) };
  const direction = random.pick<Direction>(['both', 'both', 'requests', 'answers']);
  const ending = random.pick<Ending>(['heal', 'reset']);
  return { target, forMs: random.int(profile.cutMs[0]!, profile.cutMs[1]!), direction, ending };
}

/** Seven in ten short, the rest of about a second, failing once, an image, or a document. */
function planJobs(random: Random, count: number): PlannedJob[] {
  return Array.from({ length: count }, () => {
    const die = random.int(1, 20);
    if (die <= 14) return { behave: 'quick', size: random.int(5, 150) };
    if (die <= 17) return { behave: 'slow', size: random.int(700, 1_300) };
    if (die <= 18) return { behave: 'fail-once', size: random.int(5, 50) };
    if (die <= 19) return { behave: 'media', size: random.int(16, 96) };
    return { behave: 'document', size: random.int(100, 900) };
  });
}

/** One line for people. */
export function describe({ kind, target, forMs, direction, ending }: Fault): string {
  const verb = kind.split(' ')[0]!;
  const how = direction ? ` (${direction === 'both' ? 'both ways' : `${direction} only`}, then ${ending})` : '';
  return `${verb} ${target}, ${(forMs / 1_000).toFixed(1)} s${how}`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Arena, openArena } from '../arena.ts';
import { emptyLedger } from '../empty-ledger.ts';
import { type LoadReport, load, post } from '../load.ts';
import { cpuSeconds, type Script, startScript } from '../processes.ts';
import { conditions, figure, inOneLine, markdown, median, type Report } from '../report.ts';
import { chosenSystems } from '../systems.ts';

const REQUESTS = 10_000;
const WARM_UP = 3_000;
const IN_FLIGHT = 64;
const BODY = JSON.stringify({ payload: 'x'.repeat(200 - '{"payload":""}'.length) });

interface Edge {
  key: string;
  name: string;
  /** A file of `peers` and its argument; Tandem's gateway is there already. */
  peer?: [file: string, variant: string];
}

const EDGES: Edge[] = [
  { key: 'tandem', name: 'Tandem' },
  { key: 'fastify', name: 'Fastify, jose, JetStream publish', peer: ['edge-fastify', 'checked'] },
  { key: 'fastify-cached', name: 'the same, verified tokens cached', peer: ['edge-fastify', 'cached'] },
  { key: 'express-everysec', name: 'Express, jsonwebtoken, BullMQ, AOF everysec', peer: ['edge-express', 'everysec'] },
  { key: 'express-always', name: 'Express, jsonwebtoken, BullMQ, AOF always', peer: ['edge-express', 'always'] },
];

interface Contestant {
  edge: Edge;
  url: string;
  request: string;
  pid: number;
  rounds: (LoadReport & { cpu: number })[];
}

/** Accepting a job over HTTP: the caller's ES256 token is checked and the job is stored; nobody works it off meanwhile. */
export async function run(
  say: (line: string) => void,
  options: { rounds?: number; only?: string[]; jobs?: number },
): Promise<Report> {
  const rounds = options.rounds ?? 5;
  const requests = options.jobs ?? REQUESTS;
  const arena = await openArena([]);
  const started: Script[] = [];
  try {
    const contestants: Contestant[] = [];
    for (const edge of chosenSystems(EDGES, options.only)) {
      const script = edge.peer && (await startEdge(arena, edge.peer));
      if (script) started.push(script);
      const url = script?.said ?? arena.stack.url;
      const path = script ? '/jobs' : '/v1/bench/run';
      const request = post(path, BODY, { authorization: `Bearer ${arena.stack.token}` });
      const contestant = { edge, url, request, pid: script?.pid ?? arena.stack.pids.gateway, rounds: [] };
      await measure(contestant, WARM_UP);
      contestants.push(contestant);
    }
    for (let i = 1; i <= rounds; i += 1) {
      for (const contestant of contestants) {
        const result = await measure(contestant, requests);
        contestant.rounds.push(result);
        say(`round ${i}, ${contestant.edge.name}: ${result.perSecond}/s, p50 ${result.p50} ms, p99 ${result.p99} ms`);
      }
      await forgetJobs(arena);
    }
    const where = { ...conditions(['fastify', 'jose', 'express', 'jsonwebtoken', 'bullmq']), ...arena.versions };
    return report(contestants, { rounds, requests, where });
  } finally {
    for (const script of started) await script.stop();
    await arena.stop();
  }
}

function startEdge({ stack, redis }: Arena, [file, variant]: [string, string]): Promise<Script> {
  const settings = {
    jwksUrl: stack.issuer.jwksUrl,
    issuer: stack.issuer.issuer,
    nats: stack.natsUrl,
    redis: { everysec: redis.everysec.port, always: redis.always.port },
  };
  const env = { ...process.env, NODE_ENV: 'production', BENCH_EDGE: JSON.stringify(settings) };
  return startScript(`peers/${file}.ts`, [variant], env);
}

async function measure(
  { url, request, pid, edge }: Contestant,
  requests: number,
): Promise<LoadReport & { cpu: number }> {
  await sleep(700); // what the one before still does after its last answer is not ours
  const before = await cpuSeconds({ edge: pid });
  const result = await load(url, { connections: IN_FLIGHT, requests, request: () => request });
  const after = await cpuSeconds({ edge: pid });
  if (result.statuses['202'] !== requests)
    throw new Error(`${edge.name} did not accept all: ${JSON.stringify(result.statuses)}`);
  return { ...result, cpu: ((after.edge! - before.edge!) * 10_000) / requests };
}

// The streams and Redis do not slow down with what they hold.
async function forgetJobs({ stack }: Arena): Promise<void> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  await emptyLedger(client);
  await client.end();
}

function report(
  contestants: Contestant[],
  { rounds, requests, where }: { rounds: number; requests: number; where: Record<string, string> },
): Report {
  const rows = contestants.map(({ edge, rounds: measured }) => {
    const middle = (pick: (each: LoadReport & { cpu: number }) => number) => median(measured.map(pick))!;
    return {
      name: edge.name,
      perSecond: middle((each) => each.perSecond),
      p50: middle((each) => each.p50),
      p99: middle((each) => each.p99),
      cpu: middle((each) => each.cpu),
    };
  });
  const [first] = rows;
  const table = markdown(
    ['', 'accepted/s', `ratio to ${first!.name}`, 'p50, ms', 'p99, ms', 'its own CPU s per 10,000'],
    rows.map((row) => [
      row.name,
      ...[row.perSecond, row.perSecond / first!.perSecond, row.p50, row.p99, row.cpu].map(figure),
    ]),
  );
  const about = `Medians of ${rounds} rounds in turns, ${requests} requests each, ${IN_FLIGHT} in flight. ${inOneLine(where)}.`;
  return { conditions: where, rounds, requests, systems: rows, table: `${table}\n\n${about}` };
}

import type { LedgerWatch } from './ledger-watch.ts';

/** What the tables say when everything is quiet. */
export interface EffectCounts {
  /** Rows of effects, and objects that jobs of images and documents registered. */
  applied: number;
  /** Succeeded jobs without an effect. */
  missing: string[];
  /** Jobs whose effect is there more than once. */
  twice: string[];
  /** Runs of the effect command, counted by the handler when it began. */
  runs: number;
  /** Jobs that ran more often than they asked for. */
  ranAgain: number;
  /** Runs that found the effect applied already, and left it at that. */
  absorbed: number;
  /** Jobs in the ledger of our caller: more than were submitted means that a repeated request made a second job. */
  inLedger: number;
}

const SUMS = `
  SELECT
    (SELECT count(*)::int FROM chaos.runs) AS runs,
    (SELECT count(*)::int FROM chaos.absorbed) AS absorbed,
    (SELECT count(*)::int FROM gateway.jobs) AS "inLedger",
    (SELECT count(*)::int FROM (
      SELECT job FROM chaos.runs JOIN gateway.jobs ON id = job
      GROUP BY job, input::jsonb->>'behave'
      HAVING count(*) > CASE input::jsonb->>'behave' WHEN 'fail-once' THEN 2 ELSE 1 END) AS again) AS "ranAgain"`;

const EFFECTS_OF_JOBS = `
  SELECT j.id::text AS id, j.status, count(e.job)::int AS effects
  FROM gateway.jobs j LEFT JOIN chaos.effects e ON e.job = j.id
  WHERE j.command = 'chaos.effect' GROUP BY j.id
  UNION ALL
  SELECT j.id::text, j.status, count(o.id)::int
  FROM gateway.jobs j LEFT JOIN gateway.objects o ON o.job_id = j.id
  WHERE j.command IN ('media.transform', 'documents.render') GROUP BY j.id`;

/** Counts effects by job. Every job of the suite asks for exactly one. */
export async function countEffects(watch: LedgerWatch): Promise<EffectCounts> {
  const [sums] = await watch.rows<Pick<EffectCounts, 'runs' | 'absorbed' | 'inLedger' | 'ranAgain'>>(SUMS);
  const jobs = await watch.rows<{ id: string; status: string; effects: number }>(EFFECTS_OF_JOBS);
  const idsOf = (wanted: (job: (typeof jobs)[number]) => boolean) => jobs.filter(wanted).map(({ id }) => id);
  return {
    ...sums!,
    applied: jobs.reduce((sum, { effects }) => sum + effects, 0),
    missing: idsOf(({ status, effects }) => status === 'succeeded' && effects === 0),
    twice: idsOf(({ effects }) => effects > 1),
  };
}

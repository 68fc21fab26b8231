import { ERROR_CODES } from '@tandem/contracts/errors';
import { JobStatus } from '@tandem/contracts/job';
import { z } from 'zod';
import type { Principal } from '../identity/principal.js';

/** Which jobs a caller asks for. All conditions must hold. */
export const JobFilter = z.strictObject({
  status: JobStatus.optional(),
  command: z
    .string()
    .regex(/^[a-z0-9.-]{1,100}$/, 'must be the name of a command')
    .optional()
    .meta({ example: 'media.transform' }),
  error: z.enum(ERROR_CODES).optional().meta({ description: 'Code of the error that ended the job' }),
  tag: z.string().min(1).max(64).optional(),
  batch: z.uuid().optional(),
  parent: z.uuid().optional(),
  createdAfter: z.iso.datetime({ offset: true }).optional(),
  createdBefore: z.iso.datetime({ offset: true }).optional(),
});
export type JobFilter = z.output<typeof JobFilter>;

/** SQL that finds the jobs of a filter by one index, in the order of their ids, and what is then checked on each row. */
export interface Search {
  /** `FROM ... WHERE ...`, with the jobs as `j`. */
  source: string;
  /** A condition on the columns of a job; undefined when the source gives what is wanted and nothing else. */
  check?: string;
  values: unknown[];
}

/** A signed-in user has their own jobs, a service role all of its tenant (`null`). */
export function ownerOf(principal: Principal): string | null {
  return principal.role === 'authenticated' ? principal.actor : null;
}

type Value = (value: unknown) => string;

/** How to find what `filter` describes among the jobs of a tenant, or of one of its users. */
export function searchOf(tenant: string, actor: string | null, filter: JobFilter): Search {
  const values: unknown[] = [];
  const value: Value = (each) => `$${values.push(each)}`;
  const source = sourceOf(tenant, filter, value);
  if (filter.createdAfter) source.where.push(`${source.id} >= ${value(firstIdAt(filter.createdAfter))}`);
  if (filter.createdBefore) source.where.push(`${source.id} < ${value(firstIdAt(filter.createdBefore))}`);
  const checks = checksOf(actor, filter, value);
  return {
    source: `FROM ${source.from} WHERE ${source.where.join(' AND ')}`,
    check: checks.length > 0 ? checks.join(' AND ') : undefined,
    values,
  };
}

/** The most selective index that gives jobs in the order of their ids. */
function sourceOf(tenant: string, { batch, parent, tag, status }: JobFilter, value: Value) {
  const from = 'gateway.jobs j';
  const id = 'j.id';
  // A batch is bounded, but may be old: without the fence (OFFSET 0) the planner walks all newer jobs to find it in order.
  const fenced = (column: string, wanted: string) => ({
    from: `(SELECT * FROM gateway.jobs WHERE ${column} = ${value(wanted)} OFFSET 0) AS j`,
    id,
    where: [`j.tenant = ${value(tenant)}`],
  });
  if (batch) return fenced('batch', batch);
  if (parent) return fenced('parent', parent);
  const owned = `j.tenant = ${value(tenant)}`;
  if (tag) {
    const tagged = `t.tenant = ${value(tenant)} AND t.tag = ${value(tag)}`;
    return { from: 'gateway.job_tags t JOIN gateway.jobs j ON j.id = t.job', id: 't.job', where: [owned, tagged] };
  }
  if (status && status !== 'succeeded')
    return { from, id, where: [owned, `j.status <> 'succeeded' AND j.status = ${value(status)}`] };
  return { from, id, where: [owned] };
}

/** Every condition but the tenant's, whichever the source holds already. */
function checksOf(actor: string | null, filter: JobFilter, value: Value): string[] {
  const equal: [string, unknown][] = [
    ['actor', actor ?? undefined],
    ['status', filter.status],
    ['command', filter.command],
    [`error->>'code'`, filter.error],
    ['batch', filter.batch],
    ['parent', filter.parent],
  ];
  const checks = equal
    .filter(([, wanted]) => wanted !== undefined)
    .map(([name, wanted]) => `${name} = ${value(wanted)}`);
  return filter.tag ? [...checks, `${value(filter.tag)} = ANY(tags)`] : checks;
}

/** The smallest id that a job of that time can have: ids begin with the milliseconds of their creation. */
function firstIdAt(time: string): string {
  const hex = Math.max(0, new Date(time).getTime()).toString(16).padStart(12, '0').slice(-12);
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

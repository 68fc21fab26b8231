import type { Pool } from 'pg';
import { z } from 'zod';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { isUuid } from '../jobs/find-jobs.js';
import { ownerOf } from '../jobs/job-filter.js';
import type { RegisteredObject } from './object.entity.js';
import { ObjectView, objectView } from './object-view.js';

/** Query parameters of `GET /v1/objects`. */
export const ObjectQuery = z.strictObject({
  type: z
    .string()
    .regex(/^[a-z0-9.+/; =-]{1,100}$/i, 'must be a media type, or how one begins')
    .optional()
    .meta({ description: 'How the media type begins', example: 'image/' }),
  job: z.uuid().optional().meta({ description: 'Results of this job only' }),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(100).optional().meta({ description: 'nextCursor of the page before' }),
});
export type ObjectQuery = z.output<typeof ObjectQuery>;

/** A page of objects, newest first. */
export const ObjectPage = z.object({
  objects: z.array(ObjectView),
  nextCursor: z
    .string()
    .optional()
    .meta({ description: 'Absent on the last page. A page may be short, or empty, and still not be the last' }),
});
export type ObjectPage = z.infer<typeof ObjectPage>;

/** Rows that one page looks at, at most: a filter that hardly anything satisfies gives short pages, not slow ones. */
const CANDIDATES = 2_000;

// Microseconds and id: what the list is in the order of, exactly.
const PLACE = `(extract(epoch FROM created_at) * 1000000)::bigint || '.' || id`;
const COLUMNS = `id, tenant, owner, sha256, size::float8, type, name, job_id AS "jobId", created_at AS "createdAt",
  expires_at AS "expiresAt", ${PLACE} AS place`;

type Row = RegisteredObject & { place: string };

/** Lists objects for a caller: a signed-in user has their own, a service role all of its tenant. */
export class ObjectList {
  constructor(private readonly pool: Pool) {}

  async page(principal: Principal, { type, job, limit, cursor }: ObjectQuery): Promise<ObjectPage> {
    const values: unknown[] = [];
    const value = (each: unknown) => `$${values.push(each)}`;
    // The objects of a job are few: without the fence (OFFSET 0) the planner may walk all newer ones to find them in order.
    const from = job
      ? `(SELECT * FROM gateway.objects WHERE job_id = ${value(job)} OFFSET 0) AS o`
      : 'gateway.objects AS o';
    // What has expired is soon collected, so that passing it costs little.
    const where = [`o.tenant = ${value(principal.tenant)}`, '(o.expires_at IS NULL OR o.expires_at > now())'];
    if (cursor !== undefined) where.push(beyond(cursor, value));
    const owner = ownerOf(principal);
    const checks = owner === null ? [] : [`owner = ${value(owner)}`];
    if (type !== undefined) checks.push(`starts_with(type, ${value(type.toLowerCase())})`);
    const looked = checks.length === 0 ? limit + 1 : CANDIDATES;
    const { rows } = await this.pool.query<Row & { last: string | null }>(
      `WITH candidate AS (
         SELECT o.* FROM ${from} WHERE ${where.join(' AND ')} ORDER BY o.created_at DESC, o.id DESC LIMIT ${looked}
       )
       SELECT * FROM (SELECT ${PLACE} AS last FROM candidate OFFSET ${looked - 1}) AS end_of_page
       FULL JOIN (
         SELECT ${COLUMNS} FROM candidate WHERE ${checks.join(' AND ') || 'true'}
         ORDER BY candidate.created_at DESC, candidate.id DESC LIMIT ${limit + 1}
       ) AS page ON false`,
      values,
    );
    const found = rows.filter((row) => row.id !== null);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1)!.place : rows.find((row) => row.id === null)?.last;
    return { objects: page.map(objectView), nextCursor: last ? Buffer.from(last).toString('base64url') : undefined };
  }
}

/** SQL for what stands behind `cursor`. Throws a `Problem` `invalid_input` for one that this API did not give out. */
function beyond(cursor: string, value: (each: unknown) => string): string {
  const [micros = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split('.');
  if (!/^\d{1,16}$/.test(micros) || !isUuid(id))
    throw new Problem('invalid_input', 'The cursor is not one that this API gave out. Begin again without it.', [
      { pointer: '/cursor', detail: 'unknown cursor' },
    ]);
  // A multiple of an interval is exact; to_timestamp would round.
  const time = `timestamptz 'epoch' + ${value(micros)}::bigint * interval '1 microsecond'`;
  return `(o.created_at, o.id) < (${time}, ${value(id)}::uuid)`;
}

import type { TemplateBundle } from '@tandem/contracts/template';
import { transaction } from '@tandem/persistence/transaction';
import type { Pool, PoolClient } from 'pg';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { packBundle } from './bundle-bytes.js';
import { type TemplateFinder, type TemplateRow, templateOf } from './find-templates.js';
import { etagOf, noTemplate, referenceOf, type Template } from './template.js';
import { insertTemplate, lockTemplates, newestTemplate } from './template-rows.js';

/** Templates of one tenant. */
const MOST_TEMPLATES = 1_000;
/** All versions of a tenant's templates, compressed. */
const MOST_BYTES = 500_000_000;
/** What a reference has digits for. */
const LAST_VERSION = 999_999;

const ROOM = `
  SELECT count(DISTINCT name) FILTER (WHERE deleted_at IS NULL)::int AS templates,
    coalesce(sum(octet_length(bundle)), 0)::float8 AS bytes
  FROM gateway.templates WHERE tenant = $1`;

const DELETE = `
  UPDATE gateway.templates SET deleted_at = now() WHERE tenant = $1 AND name = $2 AND deleted_at IS NULL`;

/** Changes the templates of tenants. */
export class TemplateKeeper {
  constructor(
    private readonly finder: TemplateFinder,
    private readonly pool: Pool,
  ) {}

  /**
   * Keeps a checked template under a name, as a new version unless the newest is equal. `ifMatch` names the version that must
   * be the newest. Throws a `Problem`: `precondition_failed`, or `conflict` at the limits.
   */
  async put(
    { tenant, actor }: Principal,
    name: string,
    bundle: TemplateBundle,
    ifMatch?: string,
  ): Promise<{ template: Template; created: boolean }> {
    const packed = await packBundle(bundle);
    const result = await transaction(this.pool, async (client) => {
      await lockTemplates(client, tenant);
      const newest = await newestTemplate(client, tenant, name);
      const live = newest && !newest.deleted ? newest : undefined;
      checkMatch(name, live, ifMatch);
      if (live?.sha256 === packed.sha256) return { row: live, created: false };
      await checkRoom(client, tenant, live === undefined, packed.bytes.length);
      const version = (newest?.version ?? 0) + 1;
      if (version > LAST_VERSION)
        throw new Problem('conflict', `The template ${name} has ${LAST_VERSION} versions. Choose another name.`);
      return { row: await insertTemplate(client, { tenant, name, version, packed, by: actor }), created: true };
    });
    if (result.created) this.finder.changed(tenant);
    return { template: templateOf(result.row), created: result.created };
  }

  /** Throws a `Problem`: `not_found`, `precondition_failed`, or `conflict` for one that all tenants share. */
  async remove({ tenant }: Principal, name: string, ifMatch?: string): Promise<void> {
    await transaction(this.pool, async (client) => {
      await lockTemplates(client, tenant);
      const newest = await newestTemplate(client, tenant, name);
      const live = newest && !newest.deleted ? newest : undefined;
      if (!live && (await this.finder.find(tenant, `shared/${name}`)))
        throw new Problem(
          'conflict',
          `The template ${name} is the operator's (TEMPLATES_DIR) and can only be read here.`,
        );
      if (!live) throw noTemplate(name);
      checkMatch(name, live, ifMatch);
      await client.query(DELETE, [tenant, name]);
    });
    this.finder.changed(tenant);
  }
}

function checkMatch(name: string, live: TemplateRow | undefined, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  const own = live && templateOf(live);
  if (own && (tags.includes('*') || tags.includes(etagOf(own)))) return;
  const state = own ? `its newest version is ${referenceOf(own)}` : 'there is none of yours';
  throw new Problem('precondition_failed', `If-Match names another version of ${name}: ${state}. Read it again.`);
}

async function checkRoom(client: PoolClient, tenant: string, isNew: boolean, bytes: number): Promise<void> {
  const { rows } = await client.query<{ templates: number; bytes: number }>(ROOM, [tenant]);
  const room = rows[0]!;
  if (isNew && room.templates >= MOST_TEMPLATES)
    throw new Problem('conflict', `There are ${MOST_TEMPLATES} templates already. Delete some first.`);
  if (room.bytes + bytes > MOST_BYTES)
    throw new Problem(
      'conflict',
      `All versions of your templates take ${MOST_BYTES / 1_000_000} MB already. Delete templates that you do not need; assets may be objects of each job instead.`,
    );
}

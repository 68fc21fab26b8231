import type { PoolClient } from 'pg';
import type { PackedBundle } from './bundle-bytes.js';
import type { TemplateRow } from './find-templates.js';

// Two changes of one tenant at once would give out the same version.
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('gateway.templates/' || $1, 0))`;

const NEWEST = `
  SELECT tenant, name, version, sha256, size, schema, created_at, deleted_at IS NOT NULL AS deleted
  FROM gateway.templates WHERE tenant = $1 AND name = $2 ORDER BY version DESC LIMIT 1`;

const INSERT = `
  INSERT INTO gateway.templates (tenant, name, version, sha256, size, bundle, schema, created_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  RETURNING tenant, name, version, sha256, size, schema, created_at`;

/** The newest version of a template, deleted or not. */
export type Newest = TemplateRow & { deleted: boolean };

/** Lets one transaction at a time change the templates of a tenant. */
export async function lockTemplates(client: PoolClient, tenant: string): Promise<void> {
  await client.query(LOCK, [tenant]);
}

export async function newestTemplate(client: PoolClient, tenant: string, name: string): Promise<Newest | undefined> {
  const { rows } = await client.query<Newest>(NEWEST, [tenant, name]);
  return rows[0];
}

export async function insertTemplate(
  client: PoolClient,
  row: { tenant: string; name: string; version: number; packed: PackedBundle; by: string },
): Promise<TemplateRow> {
  const { tenant, name, version, packed, by } = row;
  const { sha256, size, bytes, schema } = packed;
  const { rows } = await client.query<TemplateRow>(INSERT, [tenant, name, version, sha256, size, bytes, schema, by]);
  return rows[0]!;
}

import { transaction } from '@tandem/persistence/transaction';
import type { Logger } from '@tandem/telemetry/logger';
import { readTemplateFolder } from '@tandem/templates/read-template-folder';
import type { Pool } from 'pg';
import { packBundle } from './bundle-bytes.js';
import { SHARED_TENANT } from './template.js';
import { insertTemplate, lockTemplates, newestTemplate } from './template-rows.js';

const DELETE_OTHERS = `
  UPDATE gateway.templates SET deleted_at = now()
  WHERE tenant = '' AND deleted_at IS NULL AND name <> ALL ($1::text[])`;

/**
 * Makes the templates of TEMPLATES_DIR those that all tenants share: a changed one gets a new version, one that is no longer
 * there is deleted. Without a folder the shared templates stay as they are. Throws an `Error` that names files at fault.
 */
export async function shareTemplates(dir: string | undefined, pool: Pool, log: Logger): Promise<void> {
  if (dir === undefined) return;
  const templates = await readTemplateFolder(dir).catch((cause: Error) => {
    throw new Error(`TEMPLATES_DIR: ${cause.message}`, { cause });
  });
  const packed = new Map<string, Awaited<ReturnType<typeof packBundle>>>();
  for (const [name, bundle] of templates) packed.set(name, await packBundle(bundle));
  const changed = await transaction(pool, async (client) => {
    await lockTemplates(client, SHARED_TENANT);
    await client.query(DELETE_OTHERS, [[...packed.keys()]]);
    const versions: string[] = [];
    for (const [name, bundle] of packed) {
      const newest = await newestTemplate(client, SHARED_TENANT, name);
      if (newest && !newest.deleted && newest.sha256 === bundle.sha256) continue;
      const version = (newest?.version ?? 0) + 1;
      await insertTemplate(client, { tenant: SHARED_TENANT, name, version, packed: bundle, by: 'TEMPLATES_DIR' });
      versions.push(`shared/${name}@${version}`);
    }
    return versions;
  });
  if (changed.length > 0) log.info({ templates: changed }, 'templates of TEMPLATES_DIR have new versions');
}

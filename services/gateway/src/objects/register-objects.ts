import type { StoredObject } from '@tandem/contracts/object';
import type { PoolClient } from 'pg';

const INSERT = `
  INSERT INTO gateway.objects (id, tenant, owner, sha256, size, type, job_id)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::uuid[])
  ON CONFLICT (id) DO NOTHING`;

/** An object that a job made. */
export type ProducedObject = Pick<StoredObject, 'id' | 'sha256' | 'size' | 'type'> & {
  tenant: string;
  owner: string;
  jobId: string;
};

/** Registers what jobs made, inside the transaction that marks them succeeded. Repeating it changes nothing. */
export async function registerObjects(client: PoolClient, objects: ProducedObject[]): Promise<void> {
  const column = <T>(pick: (object: ProducedObject) => T) => objects.map(pick);
  await client.query(INSERT, [
    column((object) => object.id),
    column((object) => object.tenant),
    column((object) => object.owner),
    column((object) => object.sha256),
    column((object) => object.size),
    column((object) => object.type),
    column((object) => object.jobId),
  ]);
}

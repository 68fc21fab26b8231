import type { StoredObject } from '@tandem/contracts/object';

/** An object that a job made. */
export type ProducedObject = Pick<StoredObject, 'id' | 'sha256' | 'size' | 'type'> & {
  tenant: string;
  owner: string;
  jobId: string;
};

/**
 * Registers what jobs made (`$2`, JSON of {@link ProducedObject}s), as a part of the statement that marks them succeeded: for
 * the jobs in `changed` only, as a report that comes again must not bring back what was deleted since.
 */
export const REGISTER_OBJECTS = `
  INSERT INTO gateway.objects (id, tenant, owner, sha256, size, type, job_id)
  SELECT o.id, o.tenant, o.owner, o.sha256, o.size, o.type, o."jobId"
  FROM json_to_recordset($2)
    AS o (id uuid, tenant text, owner text, sha256 text, size bigint, type text, "jobId" uuid)
  JOIN changed ON changed.id = o."jobId"
  ON CONFLICT (id) DO NOTHING`;

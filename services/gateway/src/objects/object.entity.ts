import { EntitySchema } from 'typeorm';
import { SCHEMA } from '../jobs/job-row.js';

/** One row of the register of objects; the bytes lie in the object store. */
export interface RegisteredObject {
  id: string;
  tenant: string;
  owner: string;
  sha256: string;
  size: number;
  type: string;
  name: string | null;
  jobId: string | null;
  createdAt: Date;
  /** From then on the object is not there; null for one that stays. */
  expiresAt: Date | null;
}

/** How the register is stored. */
export const ObjectEntity = new EntitySchema<RegisteredObject>({
  name: 'Object',
  tableName: 'objects',
  schema: SCHEMA,
  columns: {
    id: { type: 'uuid', primary: true },
    tenant: { type: 'text' },
    owner: { type: 'text' },
    sha256: { type: 'text' },
    // Objects stay far below 2^53 bytes, so a number is exact.
    size: { type: 'bigint', transformer: { from: Number, to: (size: number) => size } },
    type: { type: 'text' },
    name: { type: 'text', nullable: true },
    jobId: { type: 'uuid', name: 'job_id', nullable: true },
    createdAt: { type: 'timestamptz', name: 'created_at', createDate: true },
    expiresAt: { type: 'timestamptz', name: 'expires_at', nullable: true },
  },
});

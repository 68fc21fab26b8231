import type { ObjectStore } from '@tandem/storage/object-store';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';
import type { GatewayConfig } from '../config.js';
import type { CallerGuard } from '../http/caller.js';
import type { ProblemFilter } from '../http/problem-filter.js';
import type { SigningKeys } from '../http/signing-keys.js';
import { UploadExpiry } from '../uploads/expire-uploads.js';
import { UploadFinish } from '../uploads/finish-upload.js';
import { partStore } from '../uploads/part-store.js';
import { ResumableUploads } from '../uploads/resumable-uploads.js';
import { UploadLocks } from '../uploads/upload-lock.js';
import { UploadRegister } from '../uploads/upload-register.js';
import { ObjectCollection } from './collect-objects.js';
import { ObjectDeletion } from './delete-object.js';
import { ObjectDownload } from './download-object.js';
import type { ObjectFinder } from './find-objects.js';
import { OrphanSearch } from './find-orphans.js';
import { ObjectList } from './list-objects.js';
import { ObjectLinks } from './object-links.js';
import { UploadLinks } from './upload-links.js';
import type { ObjectUpload } from './upload-object.js';

/** What the parts that deal with objects stand on. */
export interface ObjectFoundations {
  config: GatewayConfig;
  pool: Pool;
  store: ObjectStore;
  logger: Logger;
  finder: ObjectFinder;
  uploads: ObjectUpload;
  signingKeys: SigningKeys;
  guard: CallerGuard;
  problems: ProblemFilter;
}

/** What works on a round of its own, beside the requests. */
export const OBJECT_ROUNDS = [ObjectCollection, OrphanSearch, UploadExpiry];

/** The composition of everything that deals with objects. */
export function objectParts(foundations: ObjectFoundations): object[] {
  const { config, pool, store, logger, finder, uploads, signingKeys, guard, problems } = foundations;
  const graceMinutes = config.OBJECT_GRACE_MINUTES;
  const retention = { uploadDays: config.KEEP_UPLOADS_DAYS, resultDays: config.KEEP_RESULTS_DAYS, graceMinutes };
  const parts = partStore(config);
  const register = new UploadRegister(pool, config.UPLOAD_HOURS);
  const finish = new UploadFinish(parts, register, uploads);
  const locks = new UploadLocks(pool);
  return [
    finder,
    uploads,
    signingKeys,
    new ObjectDownload(store),
    new ObjectList(pool),
    new ObjectDeletion(pool),
    new ObjectLinks(signingKeys, finder),
    new UploadLinks(signingKeys, uploads, pool),
    new ObjectCollection(retention, store, pool, logger),
    new OrphanSearch(graceMinutes, store, pool, logger),
    new ResumableUploads(guard, problems, register, finish, uploads.maxBytes, { parts, locks }),
    new UploadExpiry(parts, register, logger),
  ];
}

import { randomUUID } from 'node:crypto';
import type { JobView } from '@tandem/contracts/job';
import { TransformImage } from '@tandem/contracts/media';
import type { FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import { requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { JobFinder } from '../jobs/find-jobs.js';
import { JobSubmission, type Wish } from '../jobs/submit-job.js';
import { ObjectDeletion } from '../objects/delete-object.js';
import { ObjectFinder } from '../objects/find-objects.js';
import type { RegisteredObject } from '../objects/object.entity.js';
import { ObjectUpload } from '../objects/upload-object.js';
import { readUploadForm } from './read-upload-form.js';
import { type UploadWish, wishOf } from './upload-fields.js';

/** What a form may have around its file. */
const FORM_BYTES = 256 * 1024;

const RENAME = 'UPDATE gateway.objects SET name = $2 WHERE id = $1';
const SOURCE = `SELECT input->'source'->>'object' AS object FROM gateway.jobs WHERE id = $1`;

/** An image that was taken in, and the job that works on it. */
export interface Uploaded {
  object: RegisteredObject;
  job: JobView;
  /** False when the idempotency key had a job already; the object is that job's then. */
  created: boolean;
}

/** Uploads an image and submits `media.transform` for it, in one request. */
export class MediaUpload {
  constructor(
    private readonly uploads: ObjectUpload,
    private readonly objects: ObjectFinder,
    private readonly deletion: ObjectDeletion,
    private readonly submission: JobSubmission,
    private readonly finder: JobFinder,
    private readonly pool: Pool,
  ) {}

  /** Throws a `Problem` that names what is wrong; the file is not kept then. */
  async upload(caller: Principal, request: FastifyRequest, idempotencyKey: string | undefined): Promise<Uploaded> {
    requireScope(caller, 'objects:write');
    const command = this.submission.command(caller, TransformImage.type);
    if (Number(request.headers['content-length'] ?? 0) > this.uploads.maxBytes + FORM_BYTES)
      throw this.uploads.tooLarge();
    let wish: UploadWish | undefined;
    const form = await readUploadForm(request, async (fields) => {
      wish = wishOf(fields);
      // The object has no id yet; any will do to see whether the rest is right.
      await this.#check(caller, { command, ...wish, input: { ...wish.input, source: { object: randomUUID() } } });
    });
    const object = await this.uploads.upload(caller, form.body, { name: form.name ?? null });
    const { input, options, name = object.name } = wish!;
    if (name !== object.name) await this.pool.query(RENAME, [object.id, name]);
    // A repeat of the request has the same bytes, but as an object with an id of its own.
    const sent = { ...input, source: { sha256: object.sha256 } };
    const whole = { command, input: { ...input, source: { object: object.id } }, sent, options, idempotencyKey };
    const { id, created } = await this.#submit(caller, whole, object);
    const own = { ...object, name };
    return {
      object: created ? own : await this.#objectOf(caller, id, own),
      job: await this.finder.view(caller, id),
      created,
    };
  }

  async #check(caller: Principal, wish: Wish): Promise<void> {
    try {
      await this.submission.fill(caller, this.submission.prepare(caller, wish, new Date()));
    } catch (error) {
      throw asField(error);
    }
  }

  async #submit(caller: Principal, wish: Wish, object: RegisteredObject): Promise<{ id: string; created: boolean }> {
    try {
      return await this.submission.submit(caller, wish);
    } catch (error) {
      // Anything else leaves it open whether there is a job that needs the object.
      if (error instanceof Problem) await this.deletion.delete(caller, object.id);
      throw asField(error);
    }
  }

  /** The object of a job that was there already, in place of the one that has just come. */
  async #objectOf(caller: Principal, job: string, fresh: RegisteredObject): Promise<RegisteredObject> {
    const { rows } = await this.pool.query<{ object: string }>(SOURCE, [job]);
    const first = await this.objects.find(caller, rows[0]?.object ?? '').catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'not_found') return undefined;
      throw error;
    });
    if (!first) return fresh;
    await this.deletion.delete(caller, fresh.id);
    return first;
  }
}

/** Names a field of the form where a submission of its own would have an option. */
function asField(error: unknown): unknown {
  if (!(error instanceof Problem) || !error.detail.includes('/options/callback')) return error;
  const named = (text: string) => text.replace(/\/options\/callback(\/url)?/, '/callback');
  const errors = error.errors?.map((each) => ({ ...each, pointer: named(each.pointer) }));
  return new Problem(error.code, named(error.detail), errors, error.headers);
}

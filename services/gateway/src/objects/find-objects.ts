import { type ObjectReference, objectKey, type StoredObject } from '@tandem/contracts/object';
import { Any, type DataSource, IsNull, MoreThan, Or, type Repository } from 'typeorm';
import { type FieldError, Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { ObjectEntity, type RegisteredObject } from './object.entity.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Finds objects for a caller: a signed-in user has their own, a service role all of its tenant. */
export class ObjectFinder {
  readonly #objects: Repository<RegisteredObject>;

  constructor(source: DataSource) {
    this.#objects = source.getRepository(ObjectEntity);
  }

  /** Throws a `Problem` `not_found` for an object that does not exist or is another's; the two look alike. */
  async find(principal: Principal, id: string): Promise<RegisteredObject> {
    const [object] = UUID.test(id) ? await this.#visible(principal, [id]) : [];
    if (!object) throw new Problem('not_found', 'There is no such object, or it is not yours.');
    return object;
  }

  /** The object that a genuine link names; whose it is was asked when the link was made. */
  async linked(id: string): Promise<RegisteredObject | null> {
    return UUID.test(id) ? this.#objects.findOneBy({ id, expiresAt: notOver() }) : null;
  }

  /**
   * The objects that a command's input names, by id; undefined when it names none. Throws a `Problem`: `not_found`
   * when one is missing or another's, `unsupported_media_type` when the command does not take its type.
   */
  async resolve(
    principal: Principal,
    references: ObjectReference[],
  ): Promise<Record<string, StoredObject> | undefined> {
    if (references.length === 0) return undefined;
    const found = await this.#visible(
      principal,
      references.map(({ id }) => id),
    );
    // PostgreSQL gives ids in lower case, however the request wrote them.
    const byId = new Map(found.map((object) => [object.id, object]));
    const objectOf = ({ id }: ObjectReference) => byId.get(id.toLowerCase());
    const missing = references.filter((reference) => !objectOf(reference));
    if (missing.length > 0) {
      const errors = missing.map(({ pointer }) => ({ pointer, detail: 'there is no such object, or it is not yours' }));
      throw new Problem(
        'not_found',
        'The request names an object that does not exist or is not yours. Upload it with POST /v1/objects.',
        errors,
      );
    }
    const unfit = references.flatMap((reference) => unfitFor(reference, objectOf(reference)!));
    if (unfit.length > 0)
      throw new Problem('unsupported_media_type', `${unfit[0]!.pointer}: ${unfit[0]!.detail}`, unfit);
    return Object.fromEntries(references.map((reference) => [reference.id, storedObject(objectOf(reference)!)]));
  }

  #visible(principal: Principal, ids: string[]): Promise<RegisteredObject[]> {
    const owner = principal.role === 'authenticated' ? { owner: principal.actor } : {};
    return this.#objects.findBy({
      id: Any([...new Set(ids)]),
      tenant: principal.tenant,
      expiresAt: notOver(),
      ...owner,
    });
  }
}

/** What has expired is not there, also before it is collected. */
function notOver() {
  return Or(IsNull(), MoreThan(new Date()));
}

/** A registered object as a command carries it. */
export function storedObject({ id, tenant, sha256, size, type }: RegisteredObject): StoredObject {
  return { id, key: objectKey(tenant, sha256), size, type, sha256 };
}

function unfitFor({ pointer, accepts }: ObjectReference, { type }: RegisteredObject): FieldError[] {
  if (accepts.some((prefix) => type.startsWith(prefix))) return [];
  const wanted = accepts.map((prefix) => (prefix.endsWith('/') ? `${prefix}*` : prefix)).join(' or ');
  return [
    { pointer, detail: `the bytes of this object are ${type}, whatever its name says; this command takes ${wanted}` },
  ];
}

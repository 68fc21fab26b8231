import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalidLink, type SignedQuery, signUrl, verifyUrl } from '../http/signed-url.js';
import { SigningKeys } from '../http/signing-keys.js';
import type { Principal } from '../identity/principal.js';
import { ObjectFinder } from './find-objects.js';
import type { RegisteredObject } from './object.entity.js';

const LONGEST_S = 7 * 86_400;

/** How long a link lasts, as requests give it. */
export const LinkSeconds = z
  .int()
  .min(1)
  .max(LONGEST_S)
  .default(3_600)
  .meta({ description: 'Seconds for which the link is good; 7 days at most' });

export const Disposition = z.enum(['inline', 'attachment']);
export type Disposition = z.infer<typeof Disposition>;

/** The body of `POST /v1/objects/{id}/links`. */
export const LinkRequest = z.strictObject({
  expiresIn: LinkSeconds,
  disposition: Disposition.optional().meta({
    description: 'Whether a browser shows or saves the file; types that could run scripts are always saved',
  }),
});

/** A link that needs no token. */
export const LinkView = z.object({
  url: z.string().meta({ description: 'Root-relative: put the address of the gateway before it' }),
  expiresAt: z.iso.datetime(),
});
export type LinkView = z.infer<typeof LinkView>;

/** What a genuine link leads to. */
export interface LinkedObject {
  object: RegisteredObject;
  disposition: Disposition | undefined;
  expiresAt: Date;
}

/** Makes and follows signed links to objects. */
export class ObjectLinks {
  constructor(
    private readonly keys: SigningKeys,
    private readonly finder: ObjectFinder,
  ) {}

  /** Throws a `Problem`: `not_found` for an object that the caller may not read, `unavailable` when there is no key. */
  async make(
    caller: Principal,
    id: string,
    { expiresIn, disposition }: z.output<typeof LinkRequest>,
  ): Promise<LinkView> {
    const object = await this.finder.find(caller, id);
    const wanted = new Date(Date.now() + expiresIn * 1_000);
    const expiresAt = object.expiresAt && object.expiresAt < wanted ? object.expiresAt : wanted;
    const url = signUrl(this.keys, pathOf(object.id), { disposition, tenant: mark(object.tenant) }, expiresAt);
    return { url, expiresAt: expiresAt.toISOString() };
  }

  /** Throws a `Problem` `forbidden` for a link that is forged or has expired, and for one whose object is gone. */
  async follow(id: string, query: SignedQuery): Promise<LinkedObject> {
    const expiresAt = verifyUrl(this.keys, pathOf(id), query, new Date());
    const object = await this.finder.linked(id);
    if (!object || mark(object.tenant) !== query.tenant) throw invalidLink();
    return { object, disposition: Disposition.optional().parse(query.disposition), expiresAt };
  }
}

function pathOf(id: string): string {
  return `/v1/links/${id}`;
}

/** Binds a link to the tenant, without telling who that is. */
function mark(tenant: string): string {
  return createHash('sha256').update(tenant).digest('base64url').slice(0, 16);
}

import type { Pool } from 'pg';
import { z } from 'zod';
import { Problem } from '../http/problem.js';
import { invalidLink, type SignedQuery, signUrl, verifyUrl } from '../http/signed-url.js';
import { SigningKeys } from '../http/signing-keys.js';
import type { Principal } from '../identity/principal.js';
import { newJobId } from '../jobs/job-id.js';
import type { RegisteredObject } from './object.entity.js';
import { LinkSeconds, LinkView } from './object-links.js';
import { ObjectName } from './object-view.js';
import { ObjectUpload } from './upload-object.js';

/** The body of `POST /v1/uploads/links`. */
export const UploadLinkRequest = z.strictObject({
  expiresIn: LinkSeconds,
  name: ObjectName.optional(),
  maxBytes: z.int().min(1).optional().meta({ description: 'Largest file that the link takes' }),
  type: z
    .string()
    .regex(/^[a-z0-9.+/-]{1,100}$/, 'must be a media type in lower case, or how one begins')
    .optional()
    .meta({ description: 'How the media type of the bytes must begin, whatever their sender says', example: 'image/' }),
});

/** A link that takes one file. */
export const UploadLinkView = LinkView.extend({
  method: z.literal('PUT'),
  id: z.uuid().meta({ description: 'The id that the object will have' }),
});
export type UploadLinkView = z.infer<typeof UploadLinkView>;

/** What was agreed on when the link was made. */
interface Agreed {
  id: string;
  tenant: string;
  owner: string;
  name: string | null;
  maxBytes: number | null;
  type: string | null;
  used: boolean;
}

const INSERT = `
  INSERT INTO gateway.upload_links (id, tenant, owner, name, max_bytes, type, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;
const FIND = `
  SELECT id, tenant, owner, name, max_bytes::float8 AS "maxBytes", type, used_at IS NOT NULL AS used
  FROM gateway.upload_links WHERE id = $1 AND expires_at > now()`;
const USE = 'UPDATE gateway.upload_links SET used_at = now() WHERE id = $1 AND used_at IS NULL';

/** Makes links by which somebody without a token uploads one file, once; the object belongs to who made the link. */
export class UploadLinks {
  constructor(
    private readonly keys: SigningKeys,
    private readonly uploads: ObjectUpload,
    private readonly pool: Pool,
  ) {}

  /** Throws a `Problem` `unavailable` when there is no key. */
  async make({ tenant, actor }: Principal, wish: z.output<typeof UploadLinkRequest>): Promise<UploadLinkView> {
    const id = newJobId();
    const expiresAt = new Date(Date.now() + wish.expiresIn * 1_000);
    const url = signUrl(this.keys, pathOf(id), {}, expiresAt);
    await this.pool.query(INSERT, [id, tenant, actor, wish.name, wish.maxBytes, wish.type, expiresAt]);
    return { id, method: 'PUT', url, expiresAt: expiresAt.toISOString() };
  }

  /** Throws a `Problem`: `forbidden` for a link that is forged or has expired, `conflict` for one that was used. */
  async find(id: string, query: SignedQuery): Promise<Agreed> {
    verifyUrl(this.keys, pathOf(id), query, new Date());
    const { rows } = await this.pool.query<Agreed>(FIND, [id]);
    if (!rows[0]) throw invalidLink();
    if (rows[0].used) throw usedUp();
    return rows[0];
  }

  /** Takes the file. A failed attempt leaves the link as it was; of several at once one gets through. */
  upload(agreed: Agreed, body: AsyncIterable<Uint8Array>): Promise<RegisteredObject> {
    const { id, tenant, owner, name, maxBytes, type } = agreed;
    return this.uploads.upload({ tenant, actor: owner }, body, {
      id,
      name,
      maxBytes: maxBytes ?? undefined,
      type: type ?? undefined,
      beside: async (client) => {
        if ((await client.query(USE, [id])).rowCount === 0) throw usedUp();
      },
    });
  }
}

function pathOf(id: string): string {
  return `/v1/uploads/links/${id}`;
}

function usedUp(): Problem {
  return new Problem('conflict', 'This link was used already. Ask who gave it to you for a new one.');
}

import { createHmac, timingSafeEqual } from 'node:crypto';

const KEY = /^([a-z0-9_-]{1,32}):(\S{32,})$/i;

/** A signature, and which key made it. */
export interface Signature {
  keyId: string;
  /** HMAC-SHA256, base64url without padding. */
  value: string;
}

/**
 * The keys of signed URLs: `id:secret`, the first signs, all verify. So a key is rotated by putting a new one in front,
 * and taking the old one away when its last link has expired. With no key nothing is signed and nothing verifies.
 */
export class SigningKeys {
  readonly #keys = new Map<string, string>();

  /** Throws a `TypeError` that names no secret. */
  constructor(keys: readonly string[]) {
    for (const [index, key] of keys.entries()) {
      const [, id, secret] = KEY.exec(key) ?? [];
      if (!id || !secret)
        throw new TypeError(
          `SIGNING_KEYS: entry ${index + 1} must read id:secret, the secret with 32 characters or more.`,
        );
      if (this.#keys.has(id)) throw new TypeError(`SIGNING_KEYS: the id ${id} stands there twice.`);
      this.#keys.set(id, secret);
    }
  }

  get configured(): boolean {
    return this.#keys.size > 0;
  }

  /** Signs `text`; undefined when there is no key. */
  sign(text: string): Signature | undefined {
    const [first] = this.#keys;
    return first && { keyId: first[0], value: hmac(first[1], text).toString('base64url') };
  }

  /** Compares in constant time. False for an unknown key, and when there is none. */
  verify(text: string, { keyId, value }: Signature): boolean {
    const secret = this.#keys.get(keyId);
    const given = Buffer.from(value, 'base64url');
    const expected = hmac(secret ?? 'no such key', text);
    return given.length === expected.length && timingSafeEqual(given, expected) && secret !== undefined;
  }
}

function hmac(secret: string, text: string): Buffer {
  return createHmac('sha256', secret).update(text).digest();
}

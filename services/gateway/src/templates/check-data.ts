import { compileSchema, type DataCheck, SchemaRefused } from '@tandem/templates/compile-schema';
import { TookTooLong } from '@tandem/templates/time-limit';
import { LRUCache } from 'lru-cache';
import type { FieldError } from '../http/problem.js';

const MOST_COMPILED = 500;
/** After a check that took too long, the next ones of that tenant and template are refused unseen for so long. */
const SLOW_MS = 10_000;
const MOST_SLOW = 10_000;

/** A schema, and what tells it from others: the digest of its template. */
export interface Checked {
  sha256: string;
  schema: Record<string, unknown>;
}

/** Checks data by the JSON Schemas of templates, which are compiled once and kept while they are used. */
export class DataChecks {
  readonly #compiled = new LRUCache<string, DataCheck>({ max: MOST_COMPILED });
  readonly #slow = new LRUCache<string, true>({ max: MOST_SLOW, ttl: SLOW_MS });

  /** What does not fit; `at` is the pointer of the data in the request. */
  check(tenant: string, { sha256, schema }: Checked, data: unknown, at: string): FieldError[] {
    if (Object.keys(schema).length === 0) return [];
    const key = `${tenant}\n${sha256}`;
    // A batch could otherwise hold up the gateway ten thousand times.
    if (this.#slow.has(key)) return tooSlow(at);
    try {
      return this.#checkOf(sha256, schema)(data).map(({ pointer, detail }) => ({ pointer: at + pointer, detail }));
    } catch (error) {
      if (error instanceof SchemaRefused)
        return [
          { pointer: at, detail: `cannot be checked: the schema of the template is not valid: ${error.message}` },
        ];
      if (!(error instanceof TookTooLong)) throw error;
      this.#slow.set(key, true);
      return tooSlow(at);
    }
  }

  #checkOf(sha256: string, schema: Record<string, unknown>): DataCheck {
    const known = this.#compiled.get(sha256);
    if (known) return known;
    const compiled = compileSchema(schema);
    this.#compiled.set(sha256, compiled);
    return compiled;
  }
}

function tooSlow(at: string): FieldError[] {
  return [
    {
      pointer: at,
      detail: 'takes too long to check by the schema of the template; send less, or make the schema simpler',
    },
  ];
}

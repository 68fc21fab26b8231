import { buffer } from 'node:stream/consumers';
import { parseTolerant } from '@tandem/contracts/parse';
import { GetTemplate, TemplateBundle } from '@tandem/contracts/template';
import { QueryClient } from '@tandem/messaging/ask-query';
import type { Connection } from '@tandem/messaging/connection';
import { Rejected, RetryLater } from '@tandem/messaging/outcome';
import type { ObjectStore } from '@tandem/storage/object-store';
import { LRUCache } from 'lru-cache';
import type { TemplateSource } from './template-source.js';

/** Of templates as JSON. Their texts and decoded assets take about as much again. */
const KEPT_BYTES = 64_000_000;
const RETRY_MS = 5_000;

/** Templates from the gateway. A version never changes, so those that were used lately are kept. */
export class GatewayTemplates implements TemplateSource {
  readonly #kept = new LRUCache<string, TemplateBundle>({ maxSize: KEPT_BYTES });
  readonly #asked = new Map<string, Promise<TemplateBundle>>();

  constructor(private readonly queries: Pick<QueryClient, 'ask'>) {}

  /** Throws `Rejected` `not_found`; `RetryLater` when no gateway answers. */
  async get(tenant: string, template: string, signal?: AbortSignal): Promise<TemplateBundle> {
    signal?.throwIfAborted();
    // The operator's are the same for every tenant.
    const key = template.startsWith('shared/') ? template : `${tenant}\n${template}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const asked = this.#asked.get(key) ?? this.#fetch(key, tenant, template);
    const bundle = await asked;
    signal?.throwIfAborted();
    return bundle;
  }

  #fetch(key: string, tenant: string, template: string): Promise<TemplateBundle> {
    const fetched = this.#ask(key, tenant, template).finally(() => this.#asked.delete(key));
    this.#asked.set(key, fetched);
    return fetched;
  }

  async #ask(key: string, tenant: string, template: string): Promise<TemplateBundle> {
    const { body } = await this.queries.ask(GetTemplate, { tenant, template }).catch((error: unknown) => {
      if (!(error instanceof Rejected) || !['unavailable', 'timeout'].includes(error.code)) throw error;
      throw new RetryLater(
        RETRY_MS,
        `The template ${template} could not be fetched: no gateway answers. It is tried again.`,
      );
    });
    const bundle = parseTolerant(TemplateBundle, JSON.parse(Buffer.from(body).toString()));
    this.#kept.set(key, bundle, { size: body.length });
    return bundle;
  }
}

/** The templates that gateways on this connection have; those that are too large for a message come by way of the store. */
export function openTemplates(connection: Connection, store: ObjectStore): GatewayTemplates {
  return new GatewayTemplates(new QueryClient(connection, { fetchBody: async (key) => buffer(await store.read(key)) }));
}

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, connectNats } from '@tandem/messaging/connection';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import { eventually } from '@tandem/testing/eventually';
import { type TestIssuer, testIssuer } from '@tandem/testing/issuer';
import { ProbeLog, probeCatalog, startProbeWorker } from '@tandem/testing/probe';
import { type TestNats, type TestPostgres, testNats, testPostgres } from '@tandem/testing/servers';
import { afterAll, beforeAll, expect } from 'vitest';
import { GatewayConfig } from './config.js';
import { startGateway } from './start-gateway.js';

// biome-ignore lint/suspicious/noExplicitAny: JSON from the API
export type Json = any;
export type Answer = { status: number; headers: Headers; bytes: Buffer; body: Json };
type Init = RequestInit & { as?: string; duplex?: 'half' };

/**
 * A gateway on its own database, NATS, issuer and store, with a worker of probes, for the tests of one file. Call it at
 * the top of the file; `settings` are added to the gateway's environment.
 */
export function useGateway(settings: Record<string, string> = {}): GatewayUnderTest {
  const gateway = new GatewayUnderTest();
  beforeAll(() => gateway.start(settings));
  afterAll(() => gateway.stop());
  return gateway;
}

class GatewayUnderTest {
  readonly probes = new ProbeLog();
  /** What the gateway logged at level `error`: failures that it did not foresee. */
  readonly failures: string[] = [];
  nats!: TestNats;
  postgres!: TestPostgres;
  issuer!: TestIssuer;
  connection!: Connection;
  url!: string;
  /** The token of the user that `call` and `submit` speak for unless told otherwise. */
  token!: string;
  get databaseUrl(): string {
    return this.postgres.url;
  }
  /** The folder of the object store. */
  folder!: string;
  /** Settings of the gateway, to start another one beside it. */
  config!: GatewayConfig;
  #worker: Awaited<ReturnType<typeof startProbeWorker>> | undefined;
  readonly #log = createLogger('test', {
    write: (line) => void (JSON.parse(line).level === 'error' && this.failures.push(line)),
  });
  readonly #lifecycle = new Lifecycle(this.#log);

  async start(settings: Record<string, string>): Promise<void> {
    startTracing('test');
    this.postgres = await testPostgres();
    [this.nats, this.issuer, this.folder] = await Promise.all([
      testNats(),
      testIssuer(),
      mkdtemp(join(tmpdir(), 'tandem-objects-')),
    ]);
    this.config = loadConfig(GatewayConfig, {
      PORT: '0',
      ADMIN_PORT: '0',
      DATABASE_URL: this.postgres.url,
      NATS_URL: this.nats.url,
      STORAGE_DIR: this.folder,
      IMAGE_CACHE_DIR: `${this.folder}-images`,
      JWKS_URL: this.issuer.jwksUrl,
      JWT_ISSUER: this.issuer.issuer,
      OBJECT_MAX_MB: '2',
      // Tests ask far more often than people do.
      RATE_LIMIT_PER_MINUTE: '0',
      CORS_ORIGINS: 'https://app.example',
      EGRESS_ALLOW: '127.0.0.1:*',
      ...settings,
    });
    ({ url: this.url } = await startGateway(this.config, probeCatalog, this.#log, this.#lifecycle));
    this.connection = await connectNats(this.nats.url, 'test');
    this.#worker = await startProbeWorker(this.connection, this.#log, this.probes);
    this.token = await this.issuer.token();
  }

  async stop(): Promise<void> {
    await this.#worker?.drain();
    await this.#lifecycle.stop('the tests are over');
    await this.connection?.nc.close();
    if (!this.folder) return;
    for (const folder of [this.folder, `${this.folder}-images`]) await rm(folder, { recursive: true, force: true });
  }

  /** A request with a token; `body` of the answer is parsed when it is JSON. */
  readonly call = async (path: string, { as = this.token, ...init }: Init = {}): Promise<Answer> => {
    const headers = { authorization: `Bearer ${as}`, ...(init.headers as Record<string, string>) };
    const response = await fetch(this.url + path, { ...init, headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    const text = bytes.toString();
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, bytes, body: isJson ? JSON.parse(text) : text };
  };

  /** Posts JSON; a string is sent as it is. */
  readonly post = (path: string, body: unknown, headers: Record<string, string> = {}, as?: string): Promise<Answer> =>
    this.call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      as,
    });

  /** Submits a probe. */
  readonly submit = (input: unknown, headers: Record<string, string> = {}, as?: string): Promise<Answer> =>
    this.post('/v1/probe/run', input, headers, as);

  /** The job when it has come to its end. */
  readonly finished = (id: string): Promise<Json> =>
    eventually(async () => {
      const { body } = await this.call(`/v1/jobs/${id}`);
      expect(['succeeded', 'failed']).toContain(body.status);
      return body;
    });

  /** Uploads bytes as an object, without a content type unless `headers` have one. */
  readonly upload = (
    bytes: Uint8Array,
    { query = '', headers, as }: { query?: string; headers?: Record<string, string>; as?: string } = {},
  ): Promise<Answer> =>
    this.call(`/v1/objects${query}`, { method: 'POST', body: bytes as Uint8Array<ArrayBuffer>, headers, as });

  /** Files of the object store, whole objects and uploads under way, as paths within its folder. */
  readonly storedFiles = async (): Promise<string[]> => {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort();
  };
}

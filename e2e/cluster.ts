import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEndOfFile } from '@tandem/testing/cleanup';
import { freePort } from '@tandem/testing/free-port';
import { type TestIssuer, testIssuer } from '@tandem/testing/issuer';
import { type RunningProcess, startProcess } from '@tandem/testing/processes';
import { type TestNats, type TestPostgres, testNats, testPostgres } from '@tandem/testing/servers';
import { Api } from './api.js';

/** The compiled entry point of a service: e2e tests run what an operator runs. */
export function entryPoint(service: string, file = 'main'): string {
  return join(import.meta.dirname, `../services/${service}/dist/${file}.js`);
}

/** A folder that goes when the test file ends. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `tandem-${name}-`));
  atEndOfFile(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A gateway and workers as processes of their own, on real servers; each can be killed and started again. */
export class Cluster {
  readonly storageDir = temporaryFolder('objects');
  readonly #env: Record<string, string>;

  private constructor(
    readonly nats: TestNats,
    readonly postgres: TestPostgres,
    readonly issuer: TestIssuer,
    readonly port: number,
    readonly adminPort: number,
    extra: Record<string, string>,
  ) {
    this.#env = {
      NATS_URL: nats.url,
      STORAGE_DIR: this.storageDir,
      RATE_LIMIT_PER_MINUTE: '0',
      LOG_LEVEL: 'info',
      ...extra,
    };
  }

  /** Starts the servers; `extra` is added to the environment of every service. */
  static async start(extra: Record<string, string> = {}): Promise<Cluster> {
    const [nats, postgres, issuer] = await Promise.all([testNats(), testPostgres(), testIssuer()]);
    return new Cluster(nats, postgres, issuer, await freePort(), await freePort(), extra);
  }

  /** Adds to the environment of what is started from now on. */
  set(environment: Record<string, string>): void {
    Object.assign(this.#env, environment);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Always on the same port, so that callers find it again after a restart. */
  startGateway(): Promise<RunningProcess> {
    return startProcess({
      name: 'gateway',
      args: [entryPoint('gateway')],
      env: { ...this.#env, ...this.gatewayEnv() },
      ready: `${this.url}/readyz`,
    });
  }

  gatewayEnv(): Record<string, string> {
    return {
      PORT: String(this.port),
      ADMIN_PORT: String(this.adminPort),
      NATS_URL: this.nats.url,
      DATABASE_URL: this.postgres.url,
      JWKS_URL: this.issuer.jwksUrl,
      JWT_ISSUER: this.issuer.issuer,
    };
  }

  async startMedia(env: Record<string, string> = {}): Promise<MediaProcess> {
    const process = await startProcess({
      name: 'media',
      args: [entryPoint('media')],
      env: { ...this.#env, ADMIN_PORT: '0', MEDIA_CONCURRENCY: '2', ...env },
      ready: /"adminPort":\d+/,
    });
    const [, port] = /"adminPort":(\d+)/.exec(process.log())!;
    return { ...process, adminUrl: `http://127.0.0.1:${port}` };
  }

  /** A caller who has made nothing yet. */
  async newCaller(): Promise<Api> {
    return new Api(this.url, await this.issuer.token());
  }
}

/** A media worker and its admin port. */
export type MediaProcess = RunningProcess & { adminUrl: string };

/** How many handlers a worker runs now. */
export async function commandsInFlight(worker: MediaProcess): Promise<number> {
  const metrics = await (await fetch(`${worker.adminUrl}/metrics`)).text();
  return Number(/^tandem_commands_in_flight\{[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? 0);
}

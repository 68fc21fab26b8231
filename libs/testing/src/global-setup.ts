import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@tandem/embedded/postgres';
import type { EmbeddedServer } from '@tandem/embedded/server-process';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the URL of the run's PostgreSQL, which the first question starts. */
    postgresLauncher: string;
  }
}

/**
 * Offers one PostgreSQL to all test files of a run. It starts when the first test asks, so that a run of pure tests
 * does not wait for it, and ends with the run.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let home: string | undefined;
  let starting: Promise<EmbeddedServer> | undefined;
  const start = () => {
    home = mkdtempSync(join(tmpdir(), 'tandem-tests-'));
    return startPostgres({ dataDir: join(home, 'postgres'), durable: false, maxConnections: 300 });
  };
  const launcher = createServer(async (_request, response) => {
    starting ??= start();
    try {
      response.end((await starting).url);
    } catch (error) {
      response.writeHead(500).end((error as Error).message);
    }
  });
  await new Promise<void>((resolve) => launcher.listen(0, '127.0.0.1', resolve));
  project.provide('postgresLauncher', `http://127.0.0.1:${(launcher.address() as AddressInfo).port}`);

  return async () => {
    launcher.closeAllConnections();
    launcher.close();
    await (await starting?.catch(() => undefined))?.stop();
    if (home) rmSync(home, { recursive: true, force: true });
  };
}

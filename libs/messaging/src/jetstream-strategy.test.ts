import { Catalog } from '@tandem/contracts/catalog';
import { defineCommand } from '@tandem/contracts/command';
import { createLogger } from '@tandem/telemetry/logger';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { JetStreamStrategy } from './jetstream-strategy.js';

const command = (type: `${string}.${string}`) =>
  defineCommand(type, {
    summary: 'x',
    input: z.object({}),
    output: z.object({}),
    timeout: '1s',
    attempts: 1,
    scope: 'x',
  });

const handler = Object.assign(async () => undefined, {});

/** The strategy refuses before it touches NATS, so it gets no connection. */
async function boot(handled: string[]): Promise<unknown> {
  const strategy = new JetStreamStrategy({
    service: 'probe',
    worker: 'w1',
    catalog: new Catalog([command('probe.run'), command('probe.walk'), command('other.run')]),
    connection: undefined as never,
    logger: createLogger('test', { write: () => undefined }),
    concurrency: 1,
  });
  for (const type of handled) strategy.addHandler(type, handler as never);
  return new Promise((resolve) => void strategy.listen(resolve));
}

describe('the boot of a service', () => {
  test('fails when a declared command has no handler', async () => {
    expect(String(await boot(['probe.run']))).toContain('The service probe has no handler for probe.walk.');
  });

  test('fails when it handles what it does not own', async () => {
    expect(String(await boot(['probe.run', 'probe.walk', 'other.run']))).toContain(
      'handles other.run, which it does not own',
    );
  });

  test('fails when a command has two handlers', async () => {
    await expect(boot(['probe.run', 'probe.run'])).rejects.toThrow('The command probe.run has two handlers.');
  });
});

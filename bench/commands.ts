import { Catalog, COMMANDS } from '@tandem/contracts/catalog';
import { defineCommand } from '@tandem/contracts/command';
import { Probe } from '@tandem/testing/probe';
import { z } from 'zod';

/** What the comparisons run: does nothing, or waits without using the processor. Unlike the probe it reports no progress and returns nothing, as the peers' handlers. */
export const Bench = defineCommand('bench.run', {
  summary: 'Wait for the time that the input says',
  input: z.strictObject({
    takes: z.int().min(0).max(60_000).default(0).describe('ms'),
    payload: z.string().max(100_000).default(''),
  }),
  output: z.object({}),
  timeout: '5m',
  attempts: 3,
  scope: 'bench:run',
});

/** Tandem's catalog with the commands of the benchmarks. */
export const benchCatalog = new Catalog([...COMMANDS, Probe, Bench]);

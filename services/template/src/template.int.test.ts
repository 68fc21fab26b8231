import { loadConfig } from '@tandem/runtime/config';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import { beforeAll, expect, it } from 'vitest';
import { catalog } from './catalog.js';
import { TemplateConfig } from './config.js';
import { WriteReceipt } from './contract.js';
import { startTemplate } from './start-template.js';

let tandem: TestTandem;
beforeAll(async () => {
  tandem = await startTandem({
    catalog,
    services: { template: (env, ...rest) => startTemplate(loadConfig(TemplateConfig, env), ...rest) },
  });
});

it('runs a job from the REST API', async () => {
  const job = await tandem.run(WriteReceipt, { payer: 'Awa Diop', amount: 2_500 });
  expect(job).toMatchObject({ status: 'succeeded', result: { number: `R-${job.id.slice(-8).toUpperCase()}` } });
});

it('fails a job that it rejects, at the first attempt', async () => {
  const job = await tandem.run(WriteReceipt, { payer: 'Awa Diop', amount: 99_000_000 });
  expect(job).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'invalid_input' } });
});

it('offers its command for input that fits the declaration only', async () => {
  const submission = tandem.submit(WriteReceipt, { payer: '', amount: 2_500 });
  await expect(submission).rejects.toMatchObject({ status: 422, problem: { errors: [{ pointer: '/payer' }] } });
});

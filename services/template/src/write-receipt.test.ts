import { loadConfig } from '@tandem/runtime/config';
import { runHandler } from '@tandem/testing/run-handler';
import { expect, it } from 'vitest';
import { TemplateConfig } from './config.js';
import { WriteReceipt } from './contract.js';
import { WriteReceiptHandler } from './write-receipt.js';

const config = loadConfig(TemplateConfig, { NATS_URL: 'nats://unused', TEMPLATE_MAX_XOF: '100000' });
const handler = new WriteReceiptHandler(config);
const data = { payer: 'Awa Diop', amount: 2_500 };
const job = { id: '0193b3f0-0000-7000-8000-0000deadbeef' };

it('writes the amount as people write it', async () => {
  const { outcome, result } = await runHandler(WriteReceipt, handler, { data, job });
  expect(outcome).toBe('succeeded');
  // French groups and units are set off by no-break spaces.
  expect(result?.text.replaceAll(/\s/g, ' ')).toBe('Reçu R-DEADBEEF : 2 500 F CFA de Awa Diop.');
});

it('gives the same receipt when the job runs again', async () => {
  const [once, again] = [
    await runHandler(WriteReceipt, handler, { data, job }),
    await runHandler(WriteReceipt, handler, { data, job: { ...job, attempt: 2 }, deliveries: 2 }),
  ];
  expect(again.result).toEqual(once.result);
});

it('rejects an amount above the limit, and says what to do', async () => {
  const run = await runHandler(WriteReceipt, handler, { data: { ...data, amount: 100_001 } });
  expect(run).toMatchObject({
    outcome: 'failed',
    error: { code: 'invalid_input', detail: 'A receipt is for 100000 francs at most; split this one, of 100001.' },
  });
});

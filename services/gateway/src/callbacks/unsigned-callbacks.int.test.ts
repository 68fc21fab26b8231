import { expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

const gateway = useGateway();

test('without a secret to sign it a job with a callback is refused, and told why', async () => {
  const options = { callback: { url: 'https://app.example/hook' } };
  const { status, body } = await gateway.post('/v1/jobs', { command: 'probe.run', input: {}, options });
  expect([status, body.errors[0].pointer]).toEqual([422, '/options/callback']);
  expect(body.detail).toContain('CALLBACK_SECRETS');
  const batch = await gateway.post('/v1/batches', { jobs: [{ command: 'probe.run', input: {}, options }] });
  expect([batch.status, batch.body.errors[0].pointer]).toEqual([422, '/0/options/callback']);
});

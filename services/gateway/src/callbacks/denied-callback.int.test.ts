import { eventually } from '@tandem/testing/eventually';
import { expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';
import { Receiver, secretOf } from './receiver.fixture.js';

const gateway = useGateway({ CALLBACK_SECRETS: secretOf('a'), EGRESS_ALLOW: '' });

const submit = (url: string) =>
  gateway.post('/v1/jobs', { command: 'probe.run', input: {}, options: { callback: { url } } });

test.each([
  'http://127.0.0.1/',
  'http://0x7f000001/',
  'http://[::1]/',
  'http://169.254.169.254/',
  'https://app.example:22/',
])('a callback to %s is refused at once', async (url) => {
  const { status, body } = await submit(url);
  expect([status, body.errors[0].pointer]).toEqual([422, '/options/callback/url']);
});

test('a callback to a name that leads to a private address is never sent, and its state says why', async () => {
  const receiver = await new Receiver().start();
  const { status, body } = await submit('http://localhost/');
  expect(status).toBe(202);
  await eventually(async () => {
    const { callback } = (await gateway.call(`/v1/jobs/${body.id}`)).body;
    expect(callback).toMatchObject({
      attempts: 1,
      error: 'The address localhost is not allowed, or does not exist.',
    });
  });
  expect(receiver.deliveries).toEqual([]);
});

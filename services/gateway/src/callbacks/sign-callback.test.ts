import { loadConfig } from '@tandem/runtime/config';
import { describe, expect, test } from 'vitest';
import { GatewayConfig } from '../config.js';
import { secretOf } from './receiver.fixture.js';
import { waitAfter } from './retry-callback.js';
import { signatureHeaders } from './sign-callback.js';

test('the signature is the one of the example in the specification of Standard Webhooks', () => {
  const headers = signatureHeaders(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    body: '{"test": 2432232314}',
    at: new Date(1_614_265_330_000),
  });
  expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

describe('CALLBACK_SECRETS', () => {
  const load = (secrets: string) =>
    loadConfig(GatewayConfig, { DATABASE_URL: 'x', NATS_URL: 'x', CALLBACK_SECRETS: secrets }).CALLBACK_SECRETS;

  test('takes several with commas, and none', () => {
    expect(load(`${secretOf('a')}, ${secretOf('b')}`)).toEqual([secretOf('a'), secretOf('b')]);
    expect(load('')).toEqual([]);
  });

  test.each(['swordfish', 'whsec_c3dvcmRmaXNo', `${secretOf('a')},whsec_!`])(
    'is refused when one is bad, unseen',
    (bad) => {
      expect(() => load(bad)).toThrow(/^CALLBACK_SECRETS: must each be whsec_ and 24 to 64 random bytes in base64$/);
    },
  );
});

test('twelve attempts are spread over a day, the first ones within seconds', () => {
  const waits = Array.from({ length: 12 }, (_, attempt) => waitAfter(attempt + 1, () => 0.5));
  expect(waits[0]).toBe(5_000);
  expect(waits[11]).toBeUndefined();
  const hours = waits.slice(0, 11).reduce<number>((sum, ms) => sum + ms!, 0) / 3_600_000;
  expect(hours).toBeGreaterThan(20);
  expect(hours).toBeLessThan(24);
});

import { expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';

const gateway = useGateway({ RATE_LIMIT_PER_MINUTE: '5' });
const { call } = gateway;

test('the sixth request of a minute is refused, and says when to come again; others are not held back', async () => {
  const as = await gateway.issuer.token();
  const remaining: (string | null)[] = [];
  for (let i = 0; i < 5; i += 1) {
    const { status, headers } = await call('/v1/jobs', { as });
    expect(status).toBe(200);
    remaining.push(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1] ?? null);
  }
  expect(remaining).toEqual(['4', '3', '2', '1', '0']);

  const { status, headers, body } = await call('/v1/jobs', { as });
  expect([status, body.code]).toEqual([429, 'rate_limited']);
  const wait = Number(headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  expect(headers.get('ratelimit')).toMatch(/^"default";r=0;t=\d+$/);
  expect(headers.get('ratelimit-policy')).toBe('"default";q=5;w=60');
  expect(body.detail).toBe(`The limit is 5 requests a minute. Try again in ${wait} s.`);

  expect((await call('/v1/jobs')).status).toBe(200);
});

test('the limit holds for a user, not for one token of theirs', async () => {
  const sub = crypto.randomUUID();
  const statuses = [];
  for (let i = 0; i < 6; i += 1) {
    statuses.push((await call('/v1/jobs', { as: await gateway.issuer.token({ sub }) })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
});

test('requests at once are counted one by one', async () => {
  const as = await gateway.issuer.token();
  const answers = await Promise.all(Array.from({ length: 12 }, () => call('/v1/jobs', { as })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(7);
});

test('failed sign-ins are counted by address, whatever the token, and hold no valid user back', async () => {
  const attempts = [{}, { authorization: 'Bearer a.b.c' }, { authorization: 'Basic YTpi' }, {}, {}];
  for (const headers of attempts) {
    const response = await fetch(`${gateway.url}/v1/jobs`, { headers: headers as Record<string, string> });
    expect(response.status).toBe(401);
  }
  const refused = await fetch(`${gateway.url}/v1/objects/x`, {
    headers: { authorization: 'Bearer guess', 'x-forwarded-for': '203.0.113.9' },
  });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(((await refused.json()) as Json).code).toBe('rate_limited');
  expect((await call('/v1/jobs', { as: await gateway.issuer.token() })).status).toBe(200);
});

test('health and the API’s description are open whatever was counted', async () => {
  for (let i = 0; i < 8; i += 1) expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
  expect((await fetch(`${gateway.url}/openapi.json`)).status).toBe(200);
});

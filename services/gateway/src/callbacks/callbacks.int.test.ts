import { eventually } from '@tandem/testing/eventually';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';
import { type Delivery, Receiver, secretOf, verify } from './receiver.fixture.js';

const [OLD, NEW] = [secretOf('o'), secretOf('n')];
const gateway = useGateway({ CALLBACK_SECRETS: `${NEW}, ${OLD}` });
const { call, post, probes } = gateway;
const receiver = new Receiver();
let database: pg.Client;

beforeAll(async () => {
  await receiver.start();
  database = new pg.Client(gateway.postgres.url);
  await database.connect();
});
afterAll(() => database.end());

async function submit(
  input: object = {},
  { options = {}, to = receiver.url(), headers = undefined as object | undefined } = {},
) {
  const { status, body } = await post('/v1/jobs', {
    command: 'probe.run',
    input,
    options: { callback: { url: to, headers }, ...options },
  });
  expect(status).toBe(202);
  return body.id as string;
}

const delivered = (id: string, at = receiver): Promise<Delivery> =>
  eventually(() => at.of(id).at(-1) ?? expect.fail(`no callback of ${id}`));

/** The callback of a job as its owner sees it, once it is as wanted. */
function callbackOf(id: string, wanted: object): Promise<Json> {
  return eventually(async () => {
    const { callback } = (await call(`/v1/jobs/${id}`)).body;
    expect(callback).toMatchObject(wanted);
    return callback;
  });
}

/** Lets the time until the next attempt pass. */
const comesDue = (id: string) => database.query('UPDATE gateway.callbacks SET due_at = now() WHERE job = $1', [id]);

describe('a job with a callback', () => {
  test('tells the URL of its success, with its result', async () => {
    const id = await submit({ payload: 'hello' });
    const { body, headers, path } = await delivered(id);
    expect(path).toBe('/hook');
    expect(headers['content-type']).toBe('application/json');
    expect(body).toMatchObject({
      type: 'job.succeeded',
      timestamp: body.data.finishedAt,
      data: { id, command: 'probe.run', status: 'succeeded', result: { echo: 'hello', attempt: 1 } },
    });
    const callback = await callbackOf(id, { status: 'delivered', attempts: 1, url: receiver.url() });
    expect(callback.deliveredAt).toEqual(expect.any(String));
  });

  test('tells of its failure, with the error', async () => {
    const { body } = await delivered(await submit({ behave: 'reject' }));
    expect(body).toMatchObject({ type: 'job.failed', data: { error: { code: 'image_unreadable' } } });
  });

  test('tells of its cancellation, whether the ledger ends it or its worker', async () => {
    const waits = await submit({}, { options: { delay: '1h' } });
    await call(`/v1/jobs/${waits}/cancel`, { method: 'POST' });
    const runs = await submit({ behave: 'hold' });
    await eventually(() => probes.held.has(runs));
    await call(`/v1/jobs/${runs}/cancel`, { method: 'POST' });
    for (const id of [waits, runs]) expect((await delivered(id)).body.type).toBe('job.cancelled');
  });

  test('tells of its expiry', async () => {
    const as = await gateway.issuer.token({ role: 'service_role', app_metadata: { tenant_id: 'ops' } });
    await call('/v1/commands/probe.run/pause', { method: 'POST', as });
    const id = await submit({}, { options: { expiresIn: '100ms' } });
    expect((await delivered(id)).body).toMatchObject({ type: 'job.expired', data: { error: { code: 'expired' } } });
    await call('/v1/commands/probe.run/resume', { method: 'POST', as });
  });

  test('tells of its end only', async () => {
    const id = await submit({ behave: 'fail-once' }, { options: { backoff: { kind: 'fixed', base: '10ms' } } });
    await callbackOf(id, { status: 'delivered' });
    expect(receiver.of(id).map(({ body }) => body.type)).toEqual(['job.succeeded']);
  });

  test('shows it as pending before its end', async () => {
    const id = await submit({}, { options: { delay: '1h' } });
    expect((await call(`/v1/jobs/${id}`)).body.callback).toEqual({
      url: receiver.url(),
      status: 'pending',
      attempts: 0,
    });
  });

  test('signs it with every secret, so that receivers with the old and the new one take it', async () => {
    const delivery = await delivered(await submit());
    expect(verify(delivery, OLD)).toEqual(delivery.body);
    expect(verify(delivery, NEW)).toEqual(delivery.body);
    expect(() => verify(delivery, secretOf('x'))).toThrow('No matching signature');
    expect(() => verify({ ...delivery, raw: delivery.raw.replace('succeeded', 'failed') }, NEW)).toThrow();
  });

  test('sends the headers that it was given, and shows them nowhere', async () => {
    const id = await submit({}, { headers: { Authorization: 'Bearer shibboleth' } });
    expect((await delivered(id)).headers.authorization).toBe('Bearer shibboleth');
    for (const path of [`/v1/jobs/${id}`, '/v1/jobs'])
      expect((await call(path)).bytes.toString()).not.toContain('shibboleth');
    expect(receiver.of(id)[0]!.raw).not.toContain('shibboleth');
  });

  test('passes it on to its replay', async () => {
    const id = await submit({ behave: 'reject' });
    await delivered(id);
    const { body } = await call(`/v1/jobs/${id}/replay`, { method: 'POST' });
    expect((await delivered(body.id)).body.data).toMatchObject({ replayOf: id, status: 'failed' });
  });

  test('may be an entry of a batch', async () => {
    const jobs = [1, 2].map((n) => ({
      command: 'probe.run',
      input: { payload: String(n) },
      options: { callback: { url: receiver.url(`/batch/${n}`) } },
    }));
    const { body } = await post('/v1/batches', { jobs });
    await eventually(() => {
      const mine = receiver.deliveries.filter((delivery) => delivery.body.data.batch === body.id);
      expect(mine.map((delivery) => [delivery.path, delivery.body.data.result.echo]).sort()).toEqual([
        ['/batch/1', '1'],
        ['/batch/2', '2'],
      ]);
    });
  });

  test('takes it along when it is deleted', async () => {
    const id = await submit();
    await callbackOf(id, { status: 'delivered' });
    await database.query('DELETE FROM gateway.jobs WHERE id = $1', [id]);
    expect((await database.query('SELECT FROM gateway.callbacks WHERE job = $1', [id])).rowCount).toBe(0);
  });
});

describe('a callback whose receiver', () => {
  test('is down is tried again, under the same id, until it is up', async () => {
    const away = await new Receiver().start();
    const to = away.url();
    await away.stop();
    const id = await submit({}, { to });
    const waiting = await callbackOf(id, {
      status: 'pending',
      attempts: 1,
      error: 'The connection to 127.0.0.1 failed.',
    });
    const wait = Date.parse(waiting.nextAttemptAt) - Date.now();
    expect(wait).toBeGreaterThan(1_000);
    expect(wait).toBeLessThan(5_500);
    await comesDue(id);
    await callbackOf(id, { attempts: 2 });
    await away.start();
    await comesDue(id);
    expect((await delivered(id, away)).headers['webhook-id']).toBe(`msg_${id}`);
    expect(await callbackOf(id, { status: 'delivered', attempts: 3 })).not.toHaveProperty('error');
  });

  test.each([
    [500, 'pending', 'The receiver answered 500.'],
    [302, 'pending', 'The receiver answered 302; redirects are not followed.'],
    [410, 'failed', 'The receiver answered 410: it wants no more.'],
  ])('answers %i is %s', async (status, state, error) => {
    const odd = await new Receiver().start();
    odd.answer = (response) => void response.writeHead(status, { location: receiver.url('/elsewhere') }).end('no');
    const id = await submit({}, { to: odd.url() });
    await callbackOf(id, { status: state, attempts: 1, error });
    expect(receiver.of(id)).toEqual([]);
  });

  test('asks for time gets it', async () => {
    const busy = await new Receiver().start();
    busy.answer = (response) => void response.writeHead(503, { 'retry-after': '600' }).end();
    const { nextAttemptAt } = await callbackOf(await submit({}, { to: busy.url() }), { attempts: 1 });
    expect(Date.parse(nextAttemptAt) - Date.now()).toBeGreaterThan(590_000);
  });

  test('never takes it is given up after twelve attempts, and gets it when asked for again', async () => {
    const bad = await new Receiver().start();
    bad.answer = (response) => void response.writeHead(500).end();
    const id = await submit({}, { to: bad.url() });
    await callbackOf(id, { attempts: 1 });
    for (let attempt = 2; attempt <= 12; attempt += 1) {
      await comesDue(id);
      await callbackOf(id, { attempts: attempt });
    }
    expect(await callbackOf(id, { status: 'failed' })).not.toHaveProperty('nextAttemptAt');
    bad.answer = (response) => void response.end();
    const { status, body } = await call(`/v1/jobs/${id}/callback`, { method: 'POST' });
    expect([status, body.callback.status]).toEqual([202, 'pending']);
    await callbackOf(id, { status: 'delivered', attempts: 1 });
  });

  test('hangs holds up no callback of another', async () => {
    const hanging = await new Receiver().start();
    hanging.answer = () => undefined;
    const stuck = await Promise.all(Array.from({ length: 12 }, () => submit({}, { to: hanging.url() })));
    await eventually(() => expect(hanging.deliveries).toHaveLength(4));
    await callbackOf(await submit(), { status: 'delivered' });
    expect(hanging.deliveries).toHaveLength(4);
    hanging.answer = (response) => void response.end();
    await hanging.stop();
    await callbackOf(stuck[11]!, { attempts: 1 });
  });
});

describe('sending a callback again', () => {
  const again = (id: string, as?: string) => call(`/v1/jobs/${id}/callback`, { method: 'POST', as });

  test('repeats it with the id that tells a receiver that it has it already', async () => {
    const id = await submit();
    await callbackOf(id, { status: 'delivered' });
    await again(id);
    await eventually(() => expect(receiver.of(id)).toHaveLength(2));
    const [first, second] = receiver.of(id);
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(second!.raw).toBe(first!.raw);
  });

  test('is not for strangers, who get 404', async () => {
    const id = await submit();
    await callbackOf(id, { status: 'delivered' });
    expect((await again(id, await gateway.issuer.token())).status).toBe(404);
    const reader = await gateway.issuer.token({ app_metadata: { scopes: ['jobs:read'] } });
    expect((await again(id, reader)).status).toBe(403);
    expect(receiver.of(id)).toHaveLength(1);
  });

  test('is refused for a job without one, and for a job that has not ended', async () => {
    const without = await post('/v1/jobs', { command: 'probe.run', input: {} });
    expect((await again(without.body.id)).body.detail).toContain('without a callback');
    const open = await again(await submit({}, { options: { delay: '1h' } }));
    expect([open.status, open.body.code]).toEqual([409, 'conflict']);
  });
});

test.each([
  ['no URL', {}, '/options/callback/url'],
  ['an address that is none', { url: 'hooks' }, '/options/callback/url'],
  ['a private address', { url: 'http://10.0.0.1/' }, '/options/callback/url'],
  ['another scheme', { url: 'file:///etc/passwd' }, '/options/callback/url'],
  ['a password in the URL', { url: 'https://a:b@app.example/' }, '/options/callback/url'],
  [
    'a signature of its own',
    { url: 'https://app.example/', headers: { 'Webhook-Id': '1' } },
    '/options/callback/headers/Webhook-Id',
  ],
  [
    'a line break in a header',
    { url: 'https://app.example/', headers: { a: 'b\r\nc: d' } },
    '/options/callback/headers/a',
  ],
])('a callback with %s is refused', async (_what, callback, pointer) => {
  const { status, body } = await post('/v1/jobs', { command: 'probe.run', input: {}, options: { callback } });
  expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
});

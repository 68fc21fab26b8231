import { eventually } from '@tandem/testing/eventually';
import { describe, expect, test } from 'vitest';
import { type Json, useGateway } from './gateway.fixture.js';

const gateway = useGateway();
const { call, submit, finished, probes } = gateway;

describe('the edge', () => {
  test('tells its health, each part with its latency', async () => {
    // Again where a part of a busy machine took the second after which it counts as down.
    await eventually(async () => {
      const { status, body } = await call('/health/detailed');
      expect(status).toBe(200);
      expect(body.parts.postgres).toMatchObject({ status: 'up', latencyMs: expect.any(Number) });
      expect(body.parts.media).toMatchObject({ status: 'down', instances: 0 });
      expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
      expect(await (await fetch(`${gateway.url}/health`)).json()).toEqual({ status: 'degraded' });
    });
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
  });

  test('lets only the origins on the list call from a browser', async () => {
    const preflight = (origin: string) =>
      fetch(`${gateway.url}/v1/jobs`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET' },
      });
    expect((await preflight('https://app.example')).headers.get('access-control-allow-origin')).toBe(
      'https://app.example',
    );
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('sends security headers', async () => {
    const { headers } = await call('/v1/jobs');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('describes itself in OpenAPI 3.1, with every command', async () => {
    const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as Json;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/v1/media/transform', '/v1/probe/run', '/v1/jobs/{id}/events']),
    );
    expect((await fetch(`${gateway.url}/docs`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/docs/swagger-ui-bundle.js`)).status).toBe(200);
  });

  test('survives a client that leaves in the middle of its stream', async () => {
    const { body } = await submit({ behave: 'hold' });
    const leave = new AbortController();
    const response = await fetch(`${gateway.url}/v1/jobs/${body.id}/events`, {
      headers: { authorization: `Bearer ${gateway.token}` },
      signal: leave.signal,
    });
    await response.body!.getReader().read();
    leave.abort();
    probes.release(body.id);
    expect((await finished(body.id)).status).toBe('succeeded');
  });
});

describe('while NATS is down', () => {
  test('a job is still accepted, waits in the ledger and runs when NATS is back', async () => {
    await gateway.nats.kill();
    await eventually(() => expect(gateway.connection.up()).toBe(false));
    const { status, body } = await submit({ payload: 'patient' });
    expect(status).toBe(202);
    expect((await call(`/v1/jobs/${body.id}`)).body.status).toBe('accepted');
    await eventually(async () => {
      const health = await call('/health/detailed');
      expect(health.status).toBe(200);
      expect(health.body).toMatchObject({
        status: 'degraded',
        parts: { nats: { status: 'down' }, postgres: { status: 'up' } },
      });
    });
    await gateway.nats.restart();
    const job = await eventually(
      async () => {
        const answer = await call(`/v1/jobs/${body.id}`);
        expect(answer.body.status).toBe('succeeded');
        return answer.body;
      },
      { timeoutMs: 30_000 },
    );
    expect(job.result.echo).toBe('patient');
    expect(probes.runs.get(body.id)).toBe(1);
  });
});

import { describe, expect, test } from 'vitest';
import { type Json, useGateway } from './gateway.fixture.js';

const gateway = useGateway();
const { call, submit } = gateway;

describe('a stranger', () => {
  test.each([
    ['no token', {}],
    ['a token that is none', { authorization: 'Bearer nonsense' }],
    ['basic authentication', { authorization: 'Basic YTpi' }],
  ])('with %s gets 401 and nothing else', async (_what, headers) => {
    const response = await fetch(`${gateway.url}/v1/jobs`, { headers: headers as Record<string, string> });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(((await response.json()) as Json).code).toBe('unauthenticated');
  });

  test('with a valid token of their own gets 404 for another’s job, its events and for ids that are none', async () => {
    const { body } = await submit({});
    const as = await gateway.issuer.token();
    for (const path of [
      `/v1/jobs/${body.id}`,
      `/v1/jobs/${body.id}/events`,
      '/v1/jobs/1',
      `/v1/jobs/${crypto.randomUUID()}`,
    ]) {
      expect((await call(path, { as })).status).toBe(404);
    }
  });

  test('of the same tenant gets 404 too, and the tenant’s service role gets the job', async () => {
    const app_metadata = { tenant_id: 'acme' };
    const { body } = await submit({}, {}, await gateway.issuer.token({ app_metadata }));
    expect((await call(`/v1/jobs/${body.id}`, { as: await gateway.issuer.token({ app_metadata }) })).status).toBe(404);
    const service = await gateway.issuer.token({ app_metadata, role: 'service_role' });
    expect((await call(`/v1/jobs/${body.id}`, { as: service })).status).toBe(200);
  });

  test('sees no template of another tenant, in no version, and changes none', async () => {
    const app_metadata = { tenant_id: 'templates', scopes: ['templates:manage'] };
    const json = { 'content-type': 'application/json' };
    const put = (as: string, html: string) =>
      call('/v1/templates/letter', { method: 'PUT', headers: json, body: JSON.stringify({ html }), as });
    const owner = await gateway.issuer.token({ app_metadata });
    expect((await put(owner, 'theirs')).status).toBe(201);
    const as = await gateway.issuer.token({ app_metadata: { ...app_metadata, tenant_id: 'strangers' } });
    for (const path of ['letter', 'letter@1', 'letter?bundle=true', 'shared/letter'])
      expect((await call(`/v1/templates/${path}`, { as })).status).toBe(404);
    expect((await call('/v1/templates', { as })).body.templates).toEqual([]);
    expect((await call('/v1/templates/letter', { method: 'DELETE', as })).status).toBe(404);
    expect((await put(as, 'own')).body.version).toBe(1);
    const { body } = await call('/v1/templates/letter?bundle=true', { as: owner });
    expect(body.bundle.html).toBe('theirs');
  });

  test('without the scope gets 403 that names it', async () => {
    const as = await gateway.issuer.token({ app_metadata: { scopes: ['jobs:read'] } });
    const { status, body } = await submit({}, {}, as);
    expect(status).toBe(403);
    expect(body.detail).toContain('probe:run');
  });
});

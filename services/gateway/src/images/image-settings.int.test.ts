import { describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

describe('a gateway without SIGNING_KEYS, with IMAGE_FREE_OPTIONS', () => {
  const gateway = useGateway({ IMAGE_FREE_OPTIONS: 'true' });

  test('makes no links and believes none', async () => {
    const object = (await gateway.upload(GIF)).body.id;
    const service = await gateway.issuer.token({ role: 'service_role' });
    await gateway.call('/v1/presets/card', {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'tandem-tenant': 'acme' },
      body: '{}',
      as: service,
    });
    const own = (await gateway.upload(GIF, { as: service, headers: { 'tandem-tenant': 'acme' } })).body.id;
    const refused = await gateway.post(
      '/v1/images/links',
      { object: own, preset: 'card' },
      { 'tandem-tenant': 'acme' },
      service,
    );
    expect(refused.status).toBe(503);
    expect(refused.body.detail).toContain('SIGNING_KEYS');
    const signed = `/v1/images/${object}/_?expires=9999999999&key=k1&signature=${'A'.repeat(43)}`;
    expect((await fetch(gateway.url + signed)).status).toBe(403);
  });

  test('takes any options from who may read the object, and names those that are wrong', async () => {
    const object = (await gateway.upload(GIF)).body.id;
    // No media service runs here: past every check, the answer is that nobody can make it.
    expect((await gateway.call(`/v1/images/${object}/_?width=10&fit=cover`)).status).toBe(503);
    const wrong = await gateway.call(`/v1/images/${object}/_?width=-1`);
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ pointer: '/width' }] } });
    expect((await fetch(`${gateway.url}/v1/images/${object}/_?width=10`)).status).toBe(401);
  });
});

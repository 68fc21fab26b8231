import { expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';
import { signUrl } from '../http/signed-url.js';
import { SigningKeys } from '../http/signing-keys.js';

const gateway = useGateway();
const { upload, post } = gateway;

test('without a key no link is made, which the answer says, and none is followed', async () => {
  const { id } = (await upload(Buffer.from('x'))).body;
  for (const path of [`/v1/objects/${id}/links`, '/v1/uploads/links']) {
    const { status, body } = await post(path, {});
    expect([status, body.code]).toEqual([503, 'unavailable']);
    expect(body.detail).toContain('SIGNING_KEYS');
  }
  const keys = new SigningKeys([`x:${'x'.repeat(32)}`]);
  const url = signUrl(keys, `/v1/links/${id}`, { tenant: 'x' }, new Date(Date.now() + 60_000));
  const followed = await fetch(gateway.url + url);
  expect(followed.status).toBe(403);
  const unsigned = await fetch(`${gateway.url}/v1/links/${id}?expires=9999999999&key=&signature=`);
  expect(unsigned.status).toBe(403);
});

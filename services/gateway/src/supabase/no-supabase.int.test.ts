import { expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

const gateway = useGateway();

test('without a Supabase of its own a Tandem says so to who names its files', async () => {
  const source = { supabase: { bucket: 'photos', path: 'a.png' } };
  const { status, body } = await gateway.post('/v1/media/transform', { source, renditions: [{ name: 'a' }] });
  expect([status, body.errors[0].pointer]).toEqual([422, '/source/supabase']);
  expect(body.detail).toContain('SUPABASE_URL');
});

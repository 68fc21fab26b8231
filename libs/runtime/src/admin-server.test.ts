import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type AdminOptions, type AdminServer, startAdminServer } from './admin-server.js';

let server: AdminServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(
  options: Partial<AdminOptions> = {},
): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  server = await startAdminServer({
    port: 0,
    host: '127.0.0.1',
    ready: () => true,
    metrics: async () => 'up 1\n',
    contentType: 'text/plain; version=0.0.4',
    ...options,
  });
  const { port } = server;
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
}

describe('admin server', () => {
  it('is alive and ready', async () => {
    const get = await start();
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
  });

  it('stays alive while it is not ready', async () => {
    const get = await start({ ready: () => false });
    expect((await get('/readyz')).status).toBe(503);
    expect((await get('/livez')).status).toBe(200);
  });

  it('takes a failing readiness check as not ready', async () => {
    const get = await start({ ready: () => Promise.reject(new Error('broker gone')) });
    expect((await get('/readyz')).status).toBe(503);
  });

  it('serves metrics with their media type', async () => {
    const response = await (await start())('/metrics?x=1');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
    expect(await response.text()).toBe('up 1\n');
  });

  it('answers 500 and no detail when the metrics fail', async () => {
    const response = await (await start({ metrics: () => Promise.reject(new Error('password')) }))('/metrics');
    expect([response.status, await response.text()]).toEqual([500, 'error']);
  });

  it('knows no other path or method', async () => {
    const get = await start();
    expect((await get('/v1/jobs')).status).toBe(404);
    expect((await get('/livez', { method: 'POST' })).status).toBe(405);
  });

  it('rejects when the port is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => holder.close(resolve));
  });
});

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QueryInput } from '@tandem/contracts/query';
import { RenderImage } from '@tandem/contracts/render-image';
import { QueryServer } from '@tandem/messaging/answer-query';
import { type Connection, connectNats } from '@tandem/messaging/connection';
import { Rejected } from '@tandem/messaging/outcome';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger } from '@tandem/telemetry/logger';
import { eventually } from '@tandem/testing/eventually';
import { probeCatalog } from '@tandem/testing/probe';
import pg, { type Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';
import { SigningKeys } from '../http/signing-keys.js';
import { startGateway } from '../start-gateway.js';
import { SourceFinder } from './find-source.js';
import { signImageUrl } from './image-url.js';

const SECRET = 'change-me-change-me-change-me-32';
const OLD = 'an-older-secret-of-32-characters!';
const gateway = useGateway({ SIGNING_KEYS: `k1:${SECRET},old:${OLD}`, IMAGE_CONCURRENCY: '2' });
const { call, post } = gateway;
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const CHROME = 'image/avif,image/webp,image/apng,*/*;q=0.8';
const app_metadata = { tenant_id: 'acme' };
const logger = createLogger('test', { write: () => undefined });
const keys = new SigningKeys([`k1:${SECRET}`]);

/** A media service of a few lines: its images tell what they were made from. */
class Painter {
  readonly asked: QueryInput<typeof RenderImage>[] = [];
  hold: Promise<void> | undefined;
  fault: Rejected | undefined;
  size = 0;
  server: QueryServer<typeof RenderImage> | undefined;

  start(connection: Connection): void {
    this.server = new QueryServer({
      connection,
      query: RenderImage,
      concurrency: 10,
      logger,
      storeBody: () => Promise.reject(new Error('too large for this test')),
      handler: async ({ data }) => {
        this.asked.push(data);
        await this.hold;
        if (this.fault) throw this.fault;
        const { format = 'webp' } = data.options;
        const body = Buffer.from(
          `${format} of ${data.source.sha256} ${JSON.stringify(data.options)}`.padEnd(this.size),
        );
        return { result: { type: `image/${format}`, width: 1, height: 1 }, body };
      },
    });
  }
}

const painter = new Painter();
let connection: Connection;
let user: string;
let service: string;
let object: string;
let database: pg.Client;

beforeAll(async () => {
  connection = await connectNats(gateway.nats.url, 'painter');
  user = await gateway.issuer.token({ app_metadata });
  service = await gateway.issuer.token({ app_metadata, role: 'service_role' });
  for (const [name, options] of Object.entries({ card: { width: 320, format: 'webp' }, any: { width: 100 } }))
    await put(name, options);
  database = new pg.Client(gateway.config.DATABASE_URL);
  await database.connect();
});
beforeEach(async () => {
  Object.assign(painter, { hold: undefined, fault: undefined, size: 0 });
  painter.asked.length = 0;
  if (!painter.server) {
    painter.start(connection);
    await connection.nc.flush();
  }
  object = await uploaded();
});
afterAll(async () => {
  await painter.server?.drain(0);
  await connection?.nc.close();
  await database?.end();
});

const put = (name: string, options: object) =>
  call(`/v1/presets/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(options),
    as: service,
  });

/** An object with content of its own, so that no other test has its images made. */
async function uploaded(as = user): Promise<string> {
  return (await gateway.upload(Buffer.concat([GIF, Buffer.from(crypto.randomUUID())]), { as })).body.id;
}

async function cachedFiles(): Promise<string[]> {
  const entries = await readdir(gateway.config.IMAGE_CACHE_DIR!, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map((file) => readFile(file, 'utf8')));
}

type Parameters = Record<string, string | number>;
const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600;
const link = (preset: string, parameters: Parameters = {}, of = object, by = keys) =>
  signImageUrl(by, `/v1/images/${of}/${preset}`, { expires: inAnHour(), ...parameters })!;

/** As a browser asks for it: without a token. */
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(gateway.url + path, { method, headers });
const code = async (response: Response) => ((await response.json()) as { code: string }).code;

describe('a signed image', () => {
  test('is made once, and then served as it is', async () => {
    const url = link('card');
    const first = await get(url);
    expect(first.status).toBe(200);
    const text = await first.text();
    expect(text).toContain('{"width":320,"format":"webp"}');
    expect(first.headers.get('content-type')).toBe('image/webp');
    expect(first.headers.get('etag')).toBe(`"${createHash('sha256').update(text).digest('hex')}"`);
    expect(first.headers.get('x-content-type-options')).toBe('nosniff');
    expect(first.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(first.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(first.headers.get('vary') ?? '').not.toContain('Accept');
    expect(await (await get(url)).text()).toBe(text);
    expect(painter.asked).toHaveLength(1);
    expect(painter.asked[0]).toMatchObject({ tenant: 'acme', source: { id: object, type: 'image/gif' } });
  });

  test('may be kept by anybody, but not beyond its link', async () => {
    const age = async (parameters: Parameters) =>
      (await get(link('card', parameters))).headers.get('cache-control') ?? '';
    const now = Math.floor(Date.now() / 1_000);
    const soon = /^public, max-age=(\d+), immutable$/.exec(await age({ v: 1, expires: now + 60 }))?.[1];
    expect(Number(soon)).toBeGreaterThan(50);
    expect(Number(soon)).toBeLessThanOrEqual(60);
    expect(await age({ expires: now + 90_000 })).toBe('public, max-age=3600');
    expect(await age({ v: 1, expires: now + 100_000_000 })).toBe('public, max-age=31536000, immutable');
  });

  test('answers 304 to who has it, and HEAD without the bytes', async () => {
    const url = link('card');
    const full = await get(url);
    const etag = full.headers.get('etag')!;
    const again = await get(url, { 'if-none-match': `"other", W/${etag}` });
    expect(again.status).toBe(304);
    expect(again.headers.get('etag')).toBe(etag);
    expect(again.headers.get('cache-control')).toContain('public');
    const head = await get(url, {}, 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String((await full.arrayBuffer()).byteLength));
    expect(head.headers.get('content-type')).toBe('image/webp');
  });

  test('without a format is what the browser takes, and says so to caches', async () => {
    const url = link('any');
    const types = [];
    for (const accept of [CHROME, 'image/webp,*/*', '*/*']) {
      const response = await get(url, { accept });
      expect(response.headers.get('vary')).toContain('Accept');
      types.push(response.headers.get('content-type'));
    }
    expect(types).toEqual(['image/avif', 'image/webp', 'image/png']);
    const notModified = await get(url, { accept: '*/*', 'if-none-match': '*' });
    expect([notModified.status, notModified.headers.get('vary')]).toEqual([304, expect.stringContaining('Accept')]);
  });

  test('is the version that the link names, or the newest', async () => {
    await put('moving', { width: 1 });
    const [newest, first] = [link('moving'), link('moving', { v: 1 })];
    expect(await (await get(newest)).text()).toContain('"width":1,');
    await put('moving', { width: 2 });
    expect(await (await get(newest)).text()).toContain('"width":2,');
    expect(await (await get(first)).text()).toContain('"width":1,');
    expect((await get(link('moving', { v: 3 }))).status).toBe(404);
    expect((await get(link('moving', { v: 'x' }))).status).toBe(422);
    expect((await get(link('moving@1'))).status).toBe(404);
  });

  test('is refused alike for every fault of its link', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const stranger = new SigningKeys([`k1:${'x'.repeat(32)}`]);
    const faults = [
      link('card').replace('/card', '/any'),
      link('card').replace(object, await uploaded()),
      link('card').replace(/expires=\d+/, `expires=${now + 9_999}`),
      link('card').replace('key=k1', 'key=old'),
      `${link('card')}&v=1`,
      link('card', { expires: now - 1 }),
      link('card', { expires: 'never' }),
      link('card', {}, object, stranger),
      link('card', {}, crypto.randomUUID(), stranger),
    ];
    const details = new Set<string>();
    for (const url of faults) {
      const response = await get(url);
      expect([url, response.status]).toEqual([url, 403]);
      expect(response.headers.get('cache-control')).toBe('no-store');
      details.add(((await response.json()) as { detail: string }).detail);
    }
    expect(details.size).toBe(1);
    expect((await get(`/v1/images/${object}/card`)).status).toBe(401);
    expect(painter.asked).toHaveLength(0);
  });

  test('may still be signed by the key before', async () => {
    expect((await get(link('card', {}, object, new SigningKeys([`old:${OLD}`])))).status).toBe(200);
  });

  test('may name the tenant, and is then of no other', async () => {
    expect((await get(link('card', { tenant: 'acme' }))).status).toBe(200);
    expect((await get(link('card', { tenant: 'other' }))).status).toBe(404);
  });

  test('is of the presets of its tenant only', async () => {
    const foreign = await uploaded(gateway.token);
    expect((await get(link('card', {}, foreign))).status).toBe(404);
    expect((await get(link('_', { width: 10 }))).status).toBe(422);
    expect((await get(link('_'))).status).toBe(404);
    expect((await get(link('card', { width: 10 }))).status).toBe(422);
  });

  test('is gone at once when its object is', async () => {
    const url = link('card');
    // This one would remember it for an hour.
    const sources = new SourceFinder(database as unknown as Pool, gateway.connection, { ttlMs: 3_600_000 });
    expect(await sources.find(object)).toBeDefined();
    expect((await get(url)).status).toBe(200);
    await database.query('DELETE FROM gateway.objects WHERE id = $1', [object]);
    gateway.connection.nc.publish('live.objects.removed', object);
    await eventually(async () => expect(await sources.find(object)).toBeUndefined());
    await eventually(async () => expect((await get(url)).status).toBe(404));
  });

  test('that is no image is refused', async () => {
    const text = (await gateway.upload(Buffer.from('twelve mangoes'), { as: user })).body.id;
    const response = await get(link('card', {}, text));
    expect([response.status, await code(response)]).toEqual([415, 'unsupported_media_type']);
  });
});

describe('a link', () => {
  const wish = (body: object, as = user) => post('/v1/images/links', body, {}, as);

  test('is made for who may read the object', async () => {
    const { status, body } = await wish({ object, preset: 'card@1', expiresIn: 600 });
    expect(status).toBe(201);
    expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(590_000);
    expect(body.url).toContain('v=1');
    expect((await get(body.url)).status).toBe(200);
    expect((await get((await wish({ object, preset: 'any' }, service)).body.url)).status).toBe(200);
  });

  test('is made for nobody else, and for no preset that does not exist', async () => {
    const colleague = await gateway.issuer.token({ app_metadata });
    for (const as of [colleague, gateway.token]) expect((await wish({ object, preset: 'card' }, as)).status).toBe(404);
    expect((await wish({ object, preset: 'nope' })).status).toBe(404);
    expect((await wish({ object, preset: 'card', expiresIn: 0 })).status).toBe(422);
  });
});

describe('a caller with a token', () => {
  test('sees their own images without a link, and no cache shares them', async () => {
    const { status, headers } = await call(`/v1/images/${object}/any`, { as: user, headers: { accept: CHROME } });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toMatch(/^private, /);
    expect(headers.get('vary')).toMatch(/Accept, Authorization/);
    expect((await call(`/v1/images/${object}/card?v=1`, { as: service })).status).toBe(200);
  });

  test('of somebody else gets 404, also for an image that the cache has', async () => {
    expect((await get(link('card'))).status).toBe(200);
    const colleague = await gateway.issuer.token({ app_metadata });
    for (const as of [colleague, gateway.token])
      expect((await call(`/v1/images/${object}/card`, { as })).status).toBe(404);
    const narrow = await gateway.issuer.token({ app_metadata: { ...app_metadata, scopes: [] } });
    expect((await call(`/v1/images/${object}/card`, { as: narrow })).status).toBe(403);
    expect((await call('/v1/images/1/card', { as: user })).status).toBe(404);
  });
});

describe('the making of images', () => {
  test('happens once for 50 who ask at the same time', async () => {
    let release: () => void = () => undefined;
    painter.hold = new Promise((resolve) => {
      release = resolve;
    });
    const url = link('card');
    const answers = Array.from({ length: 50 }, () => get(url));
    await eventually(() => expect(painter.asked).toHaveLength(1));
    release();
    expect(new Set(await Promise.all(answers.map(async (answer) => (await answer).status)))).toEqual(new Set([200]));
    expect(painter.asked).toHaveLength(1);
  });

  test('is shared by objects of equal content, whoever owns them', async () => {
    const bytes = Buffer.concat([GIF, Buffer.from(crypto.randomUUID())]);
    const ids = [];
    for (let n = 0; n < 2; n += 1) ids.push((await gateway.upload(bytes, { as: user })).body.id);
    for (const id of ids) expect((await get(link('card', {}, id))).status).toBe(200);
    expect(painter.asked).toHaveLength(1);
  });

  test('that fails is a problem, and is not tried again at once', async () => {
    painter.fault = new Rejected('image_unreadable', 'The GIF data is damaged.');
    for (let n = 0; n < 3; n += 1) {
      const response = await get(link('card'));
      expect(response.status).toBe(422);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toMatchObject({ code: 'image_unreadable', detail: 'The GIF data is damaged.' });
    }
    expect(painter.asked).toHaveLength(1);
  });

  test('is refused with a time to come back when too many wait', async () => {
    let release: () => void = () => undefined;
    painter.hold = new Promise((resolve) => {
      release = resolve;
    });
    // Two at once and 16 that wait; every preset is an image of its own.
    for (let n = 0; n < 20; n += 1) await put(`many-${n}`, { width: n + 1 });
    const answers = Array.from({ length: 20 }, (_, n) => get(link(`many-${n}`)));
    const refused: Response[] = [];
    for (const answer of answers) answer.then((each) => each.status === 503 && refused.push(each));
    // All have arrived when both that are too many were refused.
    await eventually(() => expect(refused).toHaveLength(2));
    expect(refused[0]!.headers.get('retry-after')).toBe('2');
    expect(painter.asked.length).toBeLessThanOrEqual(2);
    release();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(18);
    expect(statuses.filter((status) => status === 503)).toHaveLength(2);
  });

  test('without a worker is unavailable, and works again when one is back', async () => {
    await painter.server!.drain(0);
    painter.server = undefined;
    const response = await get(link('card'));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
    painter.start(connection);
    await connection.nc.flush();
    expect((await get(link('card'))).status).toBe(200);
    expect(gateway.failures).toEqual([]);
  });

  test('by a worker that dies is unavailable in seconds, when there is no other', async () => {
    await painter.server!.drain(0);
    painter.server = undefined;
    const dying = new Painter();
    dying.hold = new Promise(() => undefined);
    const line = await connectNats(gateway.nats.url, 'dying');
    dying.start(line);
    await line.nc.flush();
    const answer = get(link('card'));
    await eventually(() => expect(dying.asked).toHaveLength(1));
    await line.nc.close();
    expect((await answer).status).toBe(503);
  });

  test('is forgotten by no restart', async () => {
    const url = link('card');
    const text = await (await get(url)).text();
    await eventually(async () => expect(await cachedFiles()).toContainEqual(expect.stringContaining(text)));
    const lifecycle = new Lifecycle(logger);
    const { url: second } = await startGateway(gateway.config, probeCatalog, logger, lifecycle);
    painter.asked.length = 0;
    const response = await fetch(second + url);
    expect(await response.text()).toBe(text);
    expect(painter.asked).toHaveLength(0);
    await lifecycle.stop('done');
  });
});

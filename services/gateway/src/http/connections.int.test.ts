import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { registry } from '@tandem/telemetry/metrics';
import { eventually } from '@tandem/testing/eventually';
import { expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

const gateway = useGateway();
const { call, submit, probes } = gateway;

/** A connection to the gateway, to write what no HTTP client would. */
async function dial(): Promise<{ socket: Socket; heard: () => string }> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  let heard = '';
  socket.setEncoding('utf8').on('data', (text) => (heard += text));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, heard: () => heard };
}

const answers = (heard: string) => [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
const head = (line: string, ...headers: string[]) =>
  `${[`${line} HTTP/1.1`, 'Host: gateway', ...headers].join('\r\n')}\r\n\r\n`;

test('an upload that is refused before its body leaves the connection fit for the next request', async () => {
  const { socket, heard } = await dial();
  const body = 'x'.repeat(300_000);
  socket.write(head('POST /v1/objects', `Content-Length: ${body.length}`));
  await eventually(() => expect(answers(heard())).toEqual([401]));
  socket.write(body + head('GET /livez'));
  await eventually(() => expect(answers(heard())).toEqual([401, 200]));
  socket.destroy();
});

test.each([
  [
    'a form that went wrong in its midst',
    'multipart/form-data; boundary=b',
    '--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\na\r\n--b\r\nContent-Disposition: form-data; name="b"; filename="b"\r\n\r\nb',
    422,
  ],
  ['JSON beyond the limit', 'application/json', `"${'x'.repeat(1_100_000)}`, 413],
])('after %s the connection is closed, as nobody reads on', async (_what, type, beginning, status) => {
  const { socket, heard } = await dial();
  const closed = once(socket, 'close');
  const path = status === 413 ? '/v1/probe/run' : '/v1/objects';
  socket.write(
    head(`POST ${path}`, `Authorization: Bearer ${gateway.token}`, `Content-Type: ${type}`, 'Content-Length: 1900000') +
      beginning,
  );
  await eventually(() => expect(answers(heard())).toEqual([status]));
  expect(heard().toLowerCase()).toContain('connection: close');
  await closed;
});

test.each([
  ['GET /v1/objects/%zz', 404],
  [`GET /v1/jobs/${'x'.repeat(300)}`, 404],
  [`GET /${'x'.repeat(20_000)}`, 431],
  ['GET http://evil.example/v1/jobs', 401],
  ['GET //evil.example/v1/jobs', 404],
  ['BREW /v1/jobs', 400],
  ['TRACE /v1/jobs', 404],
  ['OPTIONS *', 404],
])('%s is answered %i, and the gateway goes on', async (line, status) => {
  const { socket, heard } = await dial();
  socket.write(head(line));
  await eventually(() => expect(answers(heard())).toEqual([status]));
  socket.destroy();
  expect((await call('/v1/jobs')).status).toBe(200);
});

test('a URL with an accent that is not encoded is answered with how to write it', async () => {
  const { socket, heard } = await dial();
  socket.write(head('POST /v1/objects?name=caf\u00e9.png'));
  await eventually(() => expect(answers(heard())).toEqual([400]));
  expect(heard()).toContain('application/problem+json');
  expect(heard()).toContain('é is %C3%A9');
  socket.destroy();
});

test('two lengths of one body are refused: a proxy might believe the other', async () => {
  const { socket, heard } = await dial();
  socket.write(head('POST /v1/objects', 'Content-Length: 5', 'Transfer-Encoding: chunked'));
  await eventually(() => expect(answers(heard())).toEqual([400]));
  socket.destroy();
});

test('a follower that leaves is counted and its span ends', async () => {
  const counted = async () => {
    const metrics = await registry.metrics();
    const line = /^.*_count\{(?=[^}]*route="\/v1\/jobs\/:id\/events")[^}]*\} (\d+)$/m.exec(metrics);
    return Number(line?.[1] ?? 0);
  };
  const { body } = await submit({ behave: 'hold' });
  const before = await counted();
  const leave = new AbortController();
  const response = await fetch(`${gateway.url}/v1/jobs/${body.id}/events`, {
    headers: { authorization: `Bearer ${gateway.token}` },
    signal: leave.signal,
  });
  await response.body!.getReader().read();
  leave.abort();
  await eventually(async () => expect(await counted()).toBe(before + 1));
  probes.release(body.id);
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});

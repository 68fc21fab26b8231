import { isAlive, programName } from '@tandem/embedded/process-identity';
import { eventually } from '@tandem/testing/eventually';
import { startProcess } from '@tandem/testing/processes';
import { beforeAll, describe, expect, test } from 'vitest';
import { Api } from './api.js';
import { Cluster, entryPoint, temporaryFolder } from './cluster.js';
import { SMALL, tinyPng } from './images.js';
import { descendants, runToEnd } from './process-tree.js';

const NOBODY = '127.0.0.1:1';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});

describe('a gateway that cannot start', () => {
  const taken = () => new URL(cluster.issuer.jwksUrl).port;

  test.each([
    ['names a setting that is missing', () => ({ DATABASE_URL: undefined }), /DATABASE_URL: is required/],
    ['names a setting that is wrong', () => ({ PORT: 'http' }), /PORT: must be a number.*"http"/],
    [
      'names the setting of a database that does not answer, without its password',
      () => ({ DATABASE_URL: `postgres://tandem:hunter2@${NOBODY}/tandem` }),
      /DATABASE_URL \(127\.0\.0\.1:1\/tandem\).*ECONNREFUSED/,
    ],
    [
      'names the setting of a broker that does not answer, without its password',
      () => ({ NATS_URL: `nats://tandem:hunter2@${NOBODY}` }),
      /NATS_URL \(nats:\/\/127\.0\.0\.1:1\)/,
    ],
    ['names the setting of a port that is taken', () => ({ PORT: taken() }), /PORT: \d+ is taken/],
  ])('%s, in one line, and ends with code 1', async (_what, settings, message) => {
    const { code, stdout, stderr } = await runToEnd(entryPoint('gateway'), { ...cluster.gatewayEnv(), ...settings() });
    expect(stderr).toMatch(/^gateway cannot start: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(stdout + stderr).not.toMatch(/^\s+at |hunter2/m);
    expect(code).toBe(1);
  });
});

test('the development issuer refuses to run in production, and makes no key', async () => {
  const data = temporaryFolder('auth');
  const { code, stderr } = await runToEnd(entryPoint('auth'), {
    NODE_ENV: 'production',
    AUTH_PORT: '0',
    TANDEM_DATA: data,
  });
  expect(stderr).toMatch(/^auth cannot start: NODE_ENV: [^\n]+SUPABASE_URL[^\n]+\n$/);
  expect(code).toBe(1);
  const token = await runToEnd(entryPoint('standalone', 'token'), { NODE_ENV: 'production', TANDEM_DATA: data });
  expect(token).toMatchObject({ code: 1, stdout: '' });
});

test('a media worker alone becomes ready and shows its metrics', async () => {
  const media = await cluster.startMedia();
  expect((await fetch(`${media.adminUrl}/readyz`)).status).toBe(200);
  const metrics = await fetch(`${media.adminUrl}/metrics`);
  expect(metrics.headers.get('content-type')).toMatch('text/plain');
  expect(await metrics.text()).toMatch(/^# TYPE tandem_command_duration_seconds histogram$/m);
  expect(await media.kill()).toEqual({ code: 0, signal: null });
});

test('a gateway alone counts requests and jobs', async () => {
  const gateway = await cluster.startGateway();
  const api = await cluster.newCaller();
  await api.transform({ source: { object: await api.upload(tinyPng()) }, renditions: SMALL });
  await eventually(async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${cluster.adminPort}/metrics`)).text();
    expect(metrics).toMatch(/^tandem_http_request_duration_seconds_count\{[^}]*status="202"[^}]*\} 1$/m);
    expect(metrics).toContain('tandem_jobs_admitted_total{command="media.transform"} 1');
  });
  expect(await gateway.kill()).toEqual({ code: 0, signal: null });
});

// What is left is found in /proc, and only Linux can end a server with a parent that was killed.
describe.runIf(process.platform === 'linux')('standalone', () => {
  /** All servers and services, one after the other, on a busy machine. */
  const START_MS = 120_000;

  async function startStandalone(env: Record<string, string>) {
    const args = [entryPoint('standalone'), '--no-tour', '--port', '0'];
    const ready = /^Ctrl-C/m;
    const standalone = await startProcess({ name: 'standalone', args, env, ready, timeoutMs: START_MS });
    const [, url] = /serves at\s+(\S+)/.exec(standalone.log())!;
    const servers = descendants(standalone.pid);
    const programs = servers.map((identity) => programName(Number.parseInt(identity, 10)));
    expect(programs).toEqual(expect.arrayContaining(['postgres', 'nats-server']));
    return { ...standalone, url: url!, left: () => servers.filter(isAlive) };
  }

  test(
    'takes its servers along when it is killed, finds its jobs again, and stops with code 0 at Ctrl-C',
    async () => {
      const env = { TANDEM_DATA: temporaryFolder('standalone'), ADMIN_PORT: '0' };
      const first = await startStandalone(env);
      const { stdout: token } = await runToEnd(entryPoint('standalone', 'token'), env);
      const api = new Api(first.url, token.trim());
      const { id } = await api.transform({ source: { object: await api.upload(tinyPng()) }, renditions: SMALL });
      const job = await api.ended(id);
      expect(job.status).toBe('succeeded');

      await first.kill('SIGKILL');
      await eventually(() => expect(first.left()).toEqual([]));

      const second = await startStandalone(env);
      expect(await new Api(second.url, token.trim()).job(id)).toEqual(job);
      expect(await second.kill('SIGINT')).toEqual({ code: 0, signal: null });
      expect(second.left()).toEqual([]);
    },
    3 * START_MS,
  );
});

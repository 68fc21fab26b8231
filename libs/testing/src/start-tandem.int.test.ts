import { connectNats } from '@tandem/messaging/connection';
import { beforeAll, expect, it } from 'vitest';
import { Refused } from './caller.js';
import { Probe, ProbeLog, probeCatalog, startProbeWorker } from './probe.js';
import { type StartService, startTandem, type TestTandem } from './start-tandem.js';

const probes = new ProbeLog();
const startProbe: StartService = async ({ NATS_URL }, _catalog, logger, lifecycle) => {
  const connection = await connectNats(NATS_URL!, 'probe');
  lifecycle.onStop('probe nats', 5_000, () => connection.nc.drain());
  const { drain } = await startProbeWorker(connection, logger, probes);
  lifecycle.onStop('probe work', 5_000, drain);
};

let tandem: TestTandem;
beforeAll(async () => {
  tandem = await startTandem({ catalog: probeCatalog, services: { probe: startProbe } });
});

it('takes a command from the REST API to the service under test and back', async () => {
  const { id, status } = await tandem.submit(Probe, { payload: 'hello' });
  expect(status).toBe('accepted');
  expect(await tandem.finished(id)).toMatchObject({ status: 'succeeded', result: { echo: 'hello', attempt: 1 } });
});

it('fails with the problem that the gateway answers', async () => {
  const refusal = await tandem.submit(Probe, { behave: 'dance' as 'fail' }).catch((error) => error);
  expect(refusal).toBeInstanceOf(Refused);
  expect(refusal).toMatchObject({ status: 422, problem: { code: 'invalid_input', errors: [{ pointer: '/behave' }] } });
});

it('keeps what belongs to one caller from another', async () => {
  const { id } = await tandem.run(Probe, {});
  const stranger = await tandem.newCaller();
  await expect(stranger.finished(id, { timeoutMs: 100 })).rejects.toThrow('404');
});

it('stores objects, and gives them back', async () => {
  const id = await tandem.upload(new TextEncoder().encode('twelve mangoes'));
  expect(Buffer.from(await tandem.download(id)).toString()).toBe('twelve mangoes');
});

import { describe, expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';

const gateway = useGateway();
const { call, submit, probes } = gateway;

describe('following a job', () => {
  async function* follow(id: string, lastEventId?: string): AsyncGenerator<string> {
    const headers = {
      authorization: `Bearer ${gateway.token}`,
      ...(lastEventId ? { 'last-event-id': lastEventId } : {}),
    };
    const response = await fetch(`${gateway.url}/v1/jobs/${id}/events`, { headers });
    expect(response.headers.get('content-type')).toMatch('text/event-stream');
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) yield chunk;
  }

  test('streams states and progress as they happen and ends with the whole job', async () => {
    const { body } = await submit({ behave: 'hold' });
    let text = '';
    for await (const chunk of follow(body.id)) {
      text += chunk;
      if (chunk.includes('"status":"running"')) probes.release(body.id);
    }
    expect(text).toMatch(/id: 0\nevent: state\ndata: .*"accepted"/);
    expect(text).toMatch(/"status":"succeeded".*"job":\{.*"result"/);
  });

  test('goes on after Last-Event-ID, and answers 204 when there is no more', async () => {
    const { body } = await submit({}, { prefer: 'wait=20' });
    let text = '';
    for await (const chunk of follow(body.id, '1')) text += chunk;
    expect(text).not.toContain('"accepted"');
    const last = /id: (\d{4,})/.exec(text)![1]!;
    const again = await fetch(`${gateway.url}/v1/jobs/${body.id}/events`, {
      headers: { authorization: `Bearer ${gateway.token}`, 'last-event-id': last },
    });
    expect(again.status).toBe(204);
  });
});

describe('listing jobs', () => {
  test('pages through all of them, newest first, and only the caller’s', async () => {
    const as = await gateway.issuer.token();
    const made: string[] = [];
    for (let i = 0; i < 5; i += 1) made.push((await submit({ payload: String(i) }, { prefer: 'wait=20' }, as)).body.id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await call(`/v1/jobs?limit=2${cursor && `&cursor=${cursor}`}`, { as });
      seen.push(...body.jobs.map((job: Json) => job.id));
      cursor = body.nextCursor ?? '';
    } while (cursor);
    expect(seen).toEqual(made.reverse());
  });

  test('filters by status and command', async () => {
    const as = await gateway.issuer.token();
    await submit({ behave: 'reject' }, { prefer: 'wait=20' }, as);
    await submit({}, { prefer: 'wait=20' }, as);
    const failed = await call('/v1/jobs?status=failed&command=probe.run', { as });
    expect(failed.body.jobs.map((job: Json) => job.status)).toEqual(['failed']);
    expect((await call('/v1/jobs?command=media.transform', { as })).body.jobs).toEqual([]);
  });

  test.each(['status=done', 'limit=0', 'limit=101', 'cursor=%21', 'sort=asc', 'command=a%00b', 'command=a&command=b'])(
    'refuses ?%s',
    async (query) => {
      expect((await call(`/v1/jobs?${query}`)).status).toBe(422);
    },
  );
});

import { Readable } from 'node:stream';
import { isFinal, type JobView } from '@tandem/contracts/job';
import type { FastifyReply } from 'fastify';
import type { JobNews } from './follow-job.js';

/**
 * Writes news as server-sent events (WHATWG HTML, section 9.2). `state` events carry an id, so a client that reconnects
 * with `Last-Event-ID` misses none; the last one holds the whole job. `progress` is best effort and has no id.
 */
export async function* serverSentEvents(
  news: AsyncIterable<JobNews>,
  job: () => Promise<JobView>,
): AsyncGenerator<string> {
  yield 'retry: 1000\n\n';
  for await (const item of news) {
    if ('heartbeat' in item) yield ': heartbeat\n\n';
    else if ('progress' in item) yield `event: progress\ndata: ${JSON.stringify(item.progress)}\n\n`;
    else {
      const { step } = item;
      const data = isFinal(step.status) ? { ...step, job: await job() } : step;
      yield `id: ${step.position}\nevent: state\ndata: ${JSON.stringify(data)}\n\n`;
    }
  }
}

/** Answers with server-sent events; the signal that `events` gets aborts when the client has gone. */
export async function sendEvents(
  reply: FastifyReply,
  events: (gone: AbortSignal) => AsyncIterable<string>,
): Promise<void> {
  const gone = new AbortController();
  reply.raw.on('close', () => gone.abort());
  await reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    // nginx would hold them back.
    .header('x-accel-buffering', 'no')
    .send(Readable.from(events(gone.signal)));
}

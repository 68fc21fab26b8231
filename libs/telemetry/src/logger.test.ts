import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLogger, NestLogger } from './logger.js';
import { startTracing, type Tracing, tracer } from './tracing.js';

let lines: string[];
let level: string | undefined;
beforeEach(() => {
  lines = [];
  level = process.env.LOG_LEVEL;
});
afterEach(() => {
  process.env.LOG_LEVEL = level;
  if (level === undefined) delete process.env.LOG_LEVEL;
});

function logger(at = 'info') {
  process.env.LOG_LEVEL = at;
  return createLogger('media', { write: (line) => void lines.push(line) });
}

const entries = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

it('writes JSON lines with the service and the ids of the active span', async () => {
  const tracing: Tracing = startTracing('media');
  const log = logger();
  log.info('outside');
  tracer().startActiveSpan('work', (span) => {
    log.info({ jobId: 'j1' }, 'inside');
    span.end();
    expect(entries()[1]).toMatchObject({
      trace_id: span.spanContext().traceId,
      span_id: span.spanContext().spanId,
      jobId: 'j1',
    });
  });
  expect(entries()[0]).toMatchObject({ level: 'info', service: 'media', msg: 'outside' });
  expect(entries()[0]).not.toHaveProperty('trace_id');
  await tracing.shutdown();
});

it('hides secrets, also one and two levels down', () => {
  logger().info({
    token: 's3cret',
    config: { password: 's3cret', apikey: 's3cret', user: 'ada' },
    req: { headers: { authorization: 'Bearer s3cret' } },
  });
  expect(lines[0]).not.toContain('s3cret');
  expect(entries()[0]).toMatchObject({ token: '[redacted]', config: { user: 'ada' } });
});

it('hides secrets in lists and in errors', () => {
  const log = logger();
  const error = Object.assign(new Error('502'), { config: { headers: { Authorization: 'Bearer s3cret' } } });
  log.error({ err: error, tried: [{ token: 's3cret' }] });
  expect(lines[0]).not.toContain('s3cret');
  expect(entries()[0]?.err).toMatchObject({ message: '502' });
  expect(entries()[0]?.err).not.toHaveProperty('config');
});

it('is silent when asked to be, and falls back to info for an unknown level', () => {
  logger('silent').fatal('nothing');
  logger('loud').debug('nothing');
  expect(lines).toEqual([]);
  logger('loud').info('something');
  expect(lines).toHaveLength(1);
});

it('keeps the boot chatter of Nest at debug, and its errors with their stack', () => {
  const nest = new NestLogger(logger());
  nest.log('Mapped {/v1/jobs, GET} route', 'RouterExplorer');
  nest.log('hello', 'JobsController');
  nest.error('failed', 'Error: failed\n    at x', 'JobsController');
  nest.error(new Error('thrown'), undefined, 'ExceptionsHandler');
  expect(entries()).toMatchObject([
    { level: 'info', msg: 'hello', context: 'JobsController' },
    { level: 'error', msg: 'failed', stack: 'Error: failed\n    at x', context: 'JobsController' },
    { level: 'error', msg: 'thrown', err: { type: 'Error', message: 'thrown' }, context: 'ExceptionsHandler' },
  ]);
});

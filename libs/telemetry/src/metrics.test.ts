import { expect, it } from 'vitest';
import { httpRequestDuration, jobsFinished, registry, startDefaultMetrics } from './metrics.js';

it('exposes every metric of Tandem under its prefix, and those of Node once', async () => {
  startDefaultMetrics();
  startDefaultMetrics();
  httpRequestDuration.observe({ method: 'GET', route: '/v1/jobs/:id', status: '200' }, 0.003);
  jobsFinished.inc({ command: 'media.transform', status: 'failed', error_type: 'timeout' });
  const text = await registry.metrics();
  expect(text).toContain(
    'tandem_http_request_duration_seconds_bucket{le="0.005",method="GET",route="/v1/jobs/:id",status="200"} 1',
  );
  expect(text).toContain(
    'tandem_jobs_finished_total{command="media.transform",status="failed",error_type="timeout"} 1',
  );
  expect(text.match(/^# TYPE nodejs_eventloop_lag_p99_seconds/gm)).toHaveLength(1);
});

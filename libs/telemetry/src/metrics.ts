import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Every metric of this process. `registry.metrics()` is what `/metrics` answers, as `registry.contentType`. */
export const registry = new Registry();

// A job's life spans milliseconds to hours; a request's ends within the longest `Prefer: wait`.
const REQUEST_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const COMMAND_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];
const LAG_SECONDS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200];
const BATCH_SIZES = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000];

/** HTTP requests, by route template: never by URL, which would hold ids. */
export const httpRequestDuration = new Histogram({
  name: 'tandem_http_request_duration_seconds',
  help: 'Time from the first byte of a request to the end of its answer',
  labelNames: ['method', 'route', 'status'],
  buckets: REQUEST_SECONDS,
  registers: [registry],
});

/** Jobs that the ledger accepted. */
export const jobsAdmitted = new Counter({
  name: 'tandem_jobs_admitted_total',
  help: 'Jobs that the ledger accepted; repeats of an idempotency key not counted',
  labelNames: ['command'],
  registers: [registry],
});

/** Jobs that reached a final state. `error_type` is one of `ERROR_CODES`, or empty. */
export const jobsFinished = new Counter({
  name: 'tandem_jobs_finished_total',
  help: 'Jobs that reached a final state',
  labelNames: ['command', 'status', 'error_type'],
  registers: [registry],
});

/** Runs of handlers. `outcome` is the state that the run reported. */
export const commandDuration = new Histogram({
  name: 'tandem_command_duration_seconds',
  help: 'Time that one run of a handler took',
  labelNames: ['command', 'outcome'],
  buckets: COMMAND_SECONDS,
  registers: [registry],
});

/** How long commands wait for a worker. */
export const queueLag = new Histogram({
  name: 'tandem_queue_lag_seconds',
  help: 'Time from the publication of a command to the start of its handler',
  labelNames: ['command'],
  buckets: LAG_SECONDS,
  registers: [registry],
});

/** Handlers that run now. */
export const commandsInFlight = new Gauge({
  name: 'tandem_commands_in_flight',
  help: 'Handlers that run now',
  labelNames: ['command'],
  registers: [registry],
});

/** Handlers that were aborted, did not end within their grace, and still have not. */
export const handlersAbandoned = new Gauge({
  name: 'tandem_handlers_abandoned',
  help: 'Handlers that ignore their abort: given up, but still running',
  labelNames: ['command'],
  registers: [registry],
});

/** Reports that the ledger's projection applies in one transaction. */
export const projectionBatch = new Histogram({
  name: 'tandem_projection_batch_size',
  help: 'Job reports that the projection applied in one transaction',
  buckets: BATCH_SIZES,
  registers: [registry],
});

/** Publications by the dispatcher. `reason` is `delayed`, `retry` or `lost`. */
export const dispatched = new Counter({
  name: 'tandem_dispatched_total',
  help: 'Commands that the dispatcher published, by reason: delayed, retry, lost',
  labelNames: ['reason'],
  registers: [registry],
});

/** Attempts to deliver a callback. `outcome` is `delivered`, `failed` or `refused`. */
export const callbackAttempts = new Counter({
  name: 'tandem_callback_attempts_total',
  help: 'Attempts to deliver the callback of a job, by outcome: delivered, failed, refused',
  labelNames: ['outcome'],
  registers: [registry],
});

/** Deliveries of events to subscriptions. `outcome` is `handled`, `retried`, `parked` or `handed-back`. */
export const eventDuration = new Histogram({
  name: 'tandem_event_duration_seconds',
  help: 'Time that one delivery of an event to a subscription took, by outcome: handled, retried, parked, handed-back',
  labelNames: ['subscription', 'outcome'],
  buckets: COMMAND_SECONDS,
  registers: [registry],
});

/** How long events wait for a subscription; first deliveries only. */
export const eventLag = new Histogram({
  name: 'tandem_event_lag_seconds',
  help: 'Time from an event to the start of its first handling by a subscription',
  labelNames: ['subscription'],
  buckets: LAG_SECONDS,
  registers: [registry],
});

/** Events given up by a subscription. `error_type` is one of `ERROR_CODES`. */
export const eventsParked = new Counter({
  name: 'tandem_events_parked_total',
  help: 'Events that a subscription gave up and moved to the stream PARKED',
  labelNames: ['subscription', 'error_type'],
  registers: [registry],
});

/** How long events stay in a service's outbox. */
export const outboxLag = new Histogram({
  name: 'tandem_outbox_lag_seconds',
  help: 'Time from the insertion of an event into the outbox to its storage by JetStream',
  labelNames: ['schema'],
  buckets: LAG_SECONDS,
  registers: [registry],
});

/** Questions that a service answered. `outcome` is `done`, `refused`, `expired` or one of `ERROR_CODES`. */
export const queryDuration = new Histogram({
  name: 'tandem_query_duration_seconds',
  help: 'Time that one answer to a query took, by outcome: done, refused, expired, or the code of the error',
  labelNames: ['query', 'outcome'],
  buckets: REQUEST_SECONDS,
  registers: [registry],
});

/** Images that were served without being made. `tier` is `memory`, `disk` or `joined`: somebody else waited for the same. */
export const imageHits = new Counter({
  name: 'tandem_image_cache_hits_total',
  help: 'Images served without making them, by tier: memory, disk, joined (another request waited for the same)',
  labelNames: ['tier'],
  registers: [registry],
});

/** Images that were not in the cache. */
export const imageMisses = new Counter({
  name: 'tandem_image_cache_misses_total',
  help: 'Images that had to be made',
  registers: [registry],
});

/** Images that left a tier of the cache for others. */
export const imageEvictions = new Counter({
  name: 'tandem_image_cache_evictions_total',
  help: 'Images that left the cache to make room, by tier: memory, disk',
  labelNames: ['tier'],
  registers: [registry],
});

/** What a tier of the image cache holds. */
export const imageCacheBytes = new Gauge({
  name: 'tandem_image_cache_bytes',
  help: 'Bytes that the image cache holds, by tier: memory, disk',
  labelNames: ['tier'],
  registers: [registry],
});

/** How long it took to have an image made. `outcome` is `done` or one of `ERROR_CODES`. */
export const imageDuration = new Histogram({
  name: 'tandem_image_render_duration_seconds',
  help: 'Time to have an image made for a waiting request, its turn included, by outcome: done, or the code of the error',
  labelNames: ['outcome'],
  buckets: REQUEST_SECONDS,
  registers: [registry],
});

/** Pages that were lent. `kind` is `wiped` or `fresh`. */
export const documentLoans = new Counter({
  name: 'tandem_document_loans_total',
  help: 'Pages lent to documents, by kind: wiped (a page used again), fresh (a new browser context)',
  labelNames: ['kind'],
  registers: [registry],
});

/** Pages that came back. `outcome` is `clean` (wiped, and proven to be) or `destroyed`. */
export const documentWipes = new Counter({
  name: 'tandem_document_wipes_total',
  help: 'Pages wiped after a document, by outcome: clean (used again), destroyed (not proven to be clean)',
  labelNames: ['outcome'],
  registers: [registry],
});

/** How long documents wait for a page. */
export const documentPageWait = new Histogram({
  name: 'tandem_document_page_wait_seconds',
  help: 'Time that a document waited for a page',
  buckets: REQUEST_SECONDS,
  registers: [registry],
});

/** Documents that were tried again because a browser failed under them. */
export const documentRetries = new Counter({
  name: 'tandem_document_retries_total',
  help: 'Documents that ran once more because their browser failed',
  registers: [registry],
});

/** Browsers that run now. */
export const documentBrowsers = new Gauge({
  name: 'tandem_document_browsers',
  help: 'Browsers that run now',
  registers: [registry],
});

/** Browsers that were replaced. `reason` is `jobs`, `memory`, `age`, `crashed` or `hung`. */
export const documentBrowserRestarts = new Counter({
  name: 'tandem_document_browser_restarts_total',
  help: 'Browsers that were replaced, by reason: jobs, memory, age, crashed, hung',
  labelNames: ['reason'],
  registers: [registry],
});

let defaults = false;

/** Adds Node's own metrics: CPU, memory, garbage collection, event loop delay. Later calls change nothing. */
export function startDefaultMetrics(): void {
  if (defaults) return;
  defaults = true;
  collectDefaultMetrics({ register: registry });
}

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedJob } from './plan.ts';

/** One job from the client's side. Times are ms since the first job. */
export interface Submitted {
  planned: PlannedJob;
  key: string;
  sentMs: number;
  acceptedMs?: number;
  id?: string;
  /** Set by the watcher. */
  finalMs?: number;
  status?: string;
}

const AGAIN_AFTER_MS = 250;
const PATIENCE_MS = 10_000;
const MOST_IN_FLIGHT = 200;

/** Careful clients: each request carries an Idempotency-Key, and is sent again until it is answered 202. */
export class Clients {
  readonly jobs: Submitted[] = [];
  /** What requests met instead of a 202, by kind: `503`, `ECONNREFUSED`, `timeout`. */
  readonly errors: Record<string, number> = {};
  requests = 0;
  readonly #urls: string[];
  readonly #token: string;
  readonly #plan: PlannedJob[];
  readonly #clock: () => number;
  readonly #stop: AbortSignal;
  readonly #open = new Set<Promise<void>>();
  #photo = '';

  constructor(urls: string[], token: string, plan: PlannedJob[], clock: () => number, stop: AbortSignal) {
    this.#urls = urls;
    this.#token = token;
    this.#plan = [...plan];
    this.#clock = clock;
    this.#stop = stop;
  }

  /** Uploads the photo that image jobs read. */
  async prepare(): Promise<void> {
    const body = readFileSync(join(import.meta.dirname, '../examples/photos/grace_hopper.jpg'));
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await this.fetch(0, '/v1/objects?name=photo', { method: 'POST', headers, body });
    this.#photo = ((await answer.json()) as { id: string }).id;
  }

  /** Submits all jobs of the plan evenly over `durationMs`; resolves when every one of them is accepted. */
  async run(durationMs: number): Promise<void> {
    const total = this.#plan.length;
    const start = this.#clock();
    while (this.#plan.length > 0 && !this.#stop.aborted) {
      const due = Math.ceil((total * (this.#clock() - start)) / durationMs);
      this.submit(Math.min(due - this.jobs.length, MOST_IN_FLIGHT - this.#open.size));
      await sleep(20);
    }
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /** Submits the next `count` jobs at once. */
  submit(count: number): void {
    if (count <= 0) return;
    for (const planned of this.#plan.splice(0, count)) {
      const job: Submitted = { planned, key: randomUUID(), sentMs: this.#clock() };
      this.jobs.push(job);
      const submission = this.#untilAccepted(job).finally(() => this.#open.delete(submission));
      this.#open.add(submission);
    }
  }

  /** The job as the API shows it, whatever it takes. */
  async view(id: string): Promise<{ status: string; error?: { code: string } }> {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.fetch(attempt, `/v1/jobs/${id}`).catch(() => undefined);
      if (answer?.ok) return (await answer.json()) as { status: string };
      if (answer && answer.status < 500) return { status: `answered ${answer.status}` };
      if (attempt > 40 || this.#stop.aborted) return { status: 'no answer' };
      await sleep(AGAIN_AFTER_MS);
    }
  }

  async #untilAccepted(job: Submitted): Promise<void> {
    const { behave, size } = job.planned;
    const { path, input } = this.#request(behave, size);
    const headers = { 'content-type': 'application/json', 'idempotency-key': job.key };
    for (let attempt = 0; !this.#stop.aborted; attempt += 1) {
      this.requests += 1;
      try {
        const answer = await this.fetch(attempt, path, { method: 'POST', headers, body: JSON.stringify(input) });
        if (answer.status === 202) {
          job.id = ((await answer.json()) as { id: string }).id;
          job.acceptedMs = this.#clock();
          return;
        }
        await answer.body?.cancel();
        this.#count(String(answer.status));
      } catch (error) {
        this.#count(nameOf(error));
      }
      await sleep(AGAIN_AFTER_MS);
    }
  }

  async fetch(attempt: number, path: string, init: RequestInit = {}): Promise<Response> {
    const url = this.#urls[attempt % this.#urls.length]! + path;
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.#token}` };
    return await fetch(url, { ...init, headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  #request(behave: PlannedJob['behave'], size: number): { path: string; input: object } {
    if (behave === 'media') {
      const input = { source: { object: this.#photo }, renditions: [{ name: 'small', width: size }] };
      return { path: '/v1/media/transform', input };
    }
    if (behave === 'document') {
      const html = `<h1>Facture ${this.requests}</h1>${'<p>Sac de riz brisé, 25 kg</p>'.repeat(40)}`;
      return { path: '/v1/documents/render', input: { source: { html }, load: { waitFor: { delayMs: size } } } };
    }
    return { path: '/v1/chaos/effect', input: { behave, ms: size } };
  }

  #count(what: string): void {
    this.errors[what] = (this.errors[what] ?? 0) + 1;
  }
}

function nameOf(error: unknown): string {
  const { name, cause } = error as Error & { cause?: { code?: string } };
  return name === 'TimeoutError' ? `no answer in ${PATIENCE_MS / 1_000} s` : (cause?.code ?? name);
}

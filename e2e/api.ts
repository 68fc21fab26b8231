import { createHash } from 'node:crypto';
import type { OutputOf } from '@tandem/contracts/command';
import { isFinal, type JobStep, type JobView } from '@tandem/contracts/job';
import type { TransformImage } from '@tandem/contracts/media';
import { eventually } from '@tandem/testing/eventually';

/** Input of a transformation, defaults left out. */
export type Transformation = { source: { object: string }; renditions: object[] };

// biome-ignore lint/suspicious/noExplicitAny: JSON from the API
type Json = any;

/** One caller of the REST API. */
export class Api {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  async upload(bytes: Uint8Array<ArrayBuffer>, name = 'photo', headers: Record<string, string> = {}): Promise<string> {
    const response = await this.#call(`/v1/objects?name=${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', ...headers },
      body: bytes,
    });
    return ((await response.json()) as Json).id;
  }

  /** Submits a transformation; fails unless the answer is 202. */
  async transform(input: Transformation, headers: Record<string, string> = {}): Promise<JobView> {
    const response = await this.#call('/v1/media/transform', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(input),
    });
    if (response.status !== 202) throw new Error(`the submission was answered ${response.status}`);
    return (await response.json()) as JobView;
  }

  /** Submits a command with options. */
  async submit(command: string, input: object, options: object): Promise<JobView> {
    const response = await this.#call('/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ command, input, options }),
    });
    return (await response.json()) as JobView;
  }

  async job(id: string): Promise<JobView> {
    return (await (await this.#call(`/v1/jobs/${id}`)).json()) as JobView;
  }

  /** The job once it is in a final state. */
  ended(id: string, timeoutMs = 60_000): Promise<JobView> {
    const attempt = async () => {
      const job = await this.job(id);
      if (!isFinal(job.status)) throw new Error(`the job ${id} is ${job.status}`);
      return job;
    };
    return eventually(attempt, { timeoutMs, everyMs: 100 });
  }

  /** The history of a job that has ended. */
  async steps(id: string): Promise<JobStep[]> {
    const text = await (await this.#call(`/v1/jobs/${id}/events`)).text();
    return [...text.matchAll(/event: state\ndata: (.*)\n/g)].map(([, data]) => JSON.parse(data!));
  }

  async sha256(objectId: string): Promise<string> {
    const bytes = await (await this.#call(`/v1/objects/${objectId}`)).arrayBuffer();
    return createHash('sha256').update(new Uint8Array(bytes)).digest('hex');
  }

  async #call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.token}` };
    const signal = AbortSignal.timeout(60_000);
    const response = await fetch(this.url + path, { signal, ...init, headers });
    if (response.ok) return response;
    throw new Error(`${init.method ?? 'GET'} ${path} answered ${response.status}: ${await response.text()}`);
  }
}

/** What a transformation made. */
export function resultOf(job: JobView): OutputOf<typeof TransformImage> {
  return job.result as OutputOf<typeof TransformImage>;
}

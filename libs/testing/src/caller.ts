import type { CommandDefinition, OutputOf } from '@tandem/contracts/command';
import { isFinal, type JobView } from '@tandem/contracts/job';
import { commandRoute } from '@tandem/contracts/subjects';
import type { z } from 'zod';
import { eventually } from './eventually.js';

/** A job of command `C`, as its owner sees it. */
export type JobOf<C extends CommandDefinition> = Omit<JobView, 'result'> & { result?: OutputOf<C> };

/** The API answered with a problem (RFC 9457). */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: number,
    readonly problem: { code?: string; detail?: string; errors?: { pointer: string; detail: string }[] },
  ) {
    super(`${status} ${JSON.stringify(problem)}`);
  }
}

/** One user of the REST API. Its methods throw {@link Refused} for every answer that is not a success. */
export class Caller {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  /** Posts a command as JSON. `headers` may have an `Idempotency-Key` or `Prefer: wait=10`. */
  readonly submit = async <C extends CommandDefinition>(
    command: C,
    input: z.input<C['input']>,
    { headers = {} }: { headers?: Record<string, string> } = {},
  ): Promise<JobOf<C>> => {
    const response = await this.call(commandRoute(command), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(input),
    });
    return (await response.json()) as JobOf<C>;
  };

  /** The job when it has come to its end; fails after `timeoutMs`, default 30 s. */
  readonly finished = <C extends CommandDefinition = CommandDefinition>(
    id: string,
    { timeoutMs = 30_000 }: { timeoutMs?: number } = {},
  ): Promise<JobOf<C>> =>
    eventually(
      async () => {
        const job = (await (await this.call(`/v1/jobs/${id}`)).json()) as JobOf<C>;
        if (!isFinal(job.status)) throw new Error(`the job ${id} is ${job.status} (attempt ${job.attempt})`);
        return job;
      },
      { timeoutMs },
    );

  /** Submits a command and waits for its end. */
  readonly run = async <C extends CommandDefinition>(command: C, input: z.input<C['input']>): Promise<JobOf<C>> =>
    this.finished<C>((await this.submit(command, input)).id);

  /** Stores bytes as an object and returns its id; the gateway finds the media type out by itself. */
  readonly upload = async (bytes: Uint8Array<ArrayBuffer>, name = 'file'): Promise<string> => {
    const headers = { 'content-type': 'application/octet-stream' };
    const path = `/v1/objects?name=${encodeURIComponent(name)}`;
    const response = await this.call(path, { method: 'POST', headers, body: bytes });
    return ((await response.json()) as { id: string }).id;
  };

  readonly download = async (id: string): Promise<Uint8Array> =>
    new Uint8Array(await (await this.call(`/v1/objects/${id}`)).arrayBuffer());

  /** Any other request, with this user's token. */
  readonly call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.token}` };
    const response = await fetch(this.url + path, { ...init, headers });
    if (response.ok) return response;
    throw new Refused(response.status, (await response.json().catch(() => ({}))) as object);
  };
}

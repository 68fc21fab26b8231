import type { ReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { JobView } from '@tandem/contracts/job';

/** The API refused; the message is the problem's own sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
}

// biome-ignore lint/suspicious/noExplicitAny: JSON from the API; the tour reads few fields of it
type Json = any;

/** The few calls that the tour makes, over plain `fetch`. */
export class ApiClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  async upload(body: ReadStream, name: string): Promise<{ id: string; type: string }> {
    const response = await this.#call(`/v1/objects?name=${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Readable.toWeb(body),
      duplex: 'half',
    } as RequestInit);
    return response.json() as Promise<Json>;
  }

  submit(command: string, input: unknown, headers: Record<string, string> = {}): Promise<JobView> {
    return this.#post(`/v1/${command}`, input, headers);
  }

  async template(name: string): Promise<{ sample?: Json }> {
    return (await this.#call(`/v1/templates/${name}`)).json() as Promise<Json>;
  }

  /** Path of a signed link to an image by a preset, good for `expiresIn` seconds. */
  async imageLink(object: string, preset: string, expiresIn: number): Promise<string> {
    return (await this.#post('/v1/images/links', { object, preset, expiresIn })).url;
  }

  async job(id: string): Promise<JobView> {
    return (await this.#call(`/v1/jobs/${id}`)).json() as Promise<Json>;
  }

  async download(id: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#call(`/v1/objects/${id}`)).arrayBuffer());
  }

  /** The job's server-sent events, until the server ends the stream. */
  async *events(id: string): AsyncGenerator<{ event: string; data: Json }> {
    const response = await this.#call(`/v1/jobs/${id}/events`);
    let buffer = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      buffer += chunk;
      const blocks = buffer.split('\n\n');
      buffer = blocks.pop()!;
      for (const block of blocks) {
        const field = (name: string) =>
          block
            .split('\n')
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2);
        const data = field('data');
        if (data) yield { event: field('event') ?? 'message', data: JSON.parse(data) };
      }
    }
  }

  async #post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Json> {
    const response = await this.#call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return response.json();
  }

  async #call(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(this.url + path, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.token}` },
    });
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as Json;
    throw new ApiError(problem.detail ?? `${path} answered ${response.status}.`);
  }
}

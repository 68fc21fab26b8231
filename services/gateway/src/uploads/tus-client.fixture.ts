import { request } from 'node:http';
import { Upload, type UploadOptions } from 'tus-js-client';

/** What a client of the protocol made of its upload. */
export interface ClientResult {
  url: string;
  id: string;
  /** Every chunk that the gateway took, as the offset after it. */
  offsets: number[];
  /** `Tandem-Object` of the last answer. */
  object: string | undefined;
}

/** Uploads with `tus-js-client`. Rejects with its error; `stopAfter` aborts it after so many chunks and resolves then. */
export function tusUpload(
  bytes: Buffer,
  { stopAfter, ...options }: UploadOptions & { stopAfter?: number },
): Promise<ClientResult> {
  const offsets: number[] = [];
  let object: string | undefined;
  return new Promise((resolve, reject) => {
    const done = () => resolve({ url: upload.url!, id: upload.url!.split('/').at(-1)!, offsets, object });
    const upload = new Upload(bytes, {
      retryDelays: null,
      storeFingerprintForResuming: false,
      ...options,
      onError: reject,
      onSuccess: done,
      onAfterResponse: (_request, response) => {
        object = response.getHeader('Tandem-Object') ?? undefined;
      },
      onChunkComplete: (_size, accepted) => {
        offsets.push(accepted);
        if (offsets.length === stopAfter) void upload.abort().then(done);
      },
    });
    upload.start();
  });
}

/** A request of the protocol by hand, with a token; breaks the connection when `leave` resolves. */
export async function tusRequest(
  method: string,
  url: string,
  headers: Record<string, string>,
  body?: Uint8Array,
): Promise<Response> {
  return fetch(url, {
    method,
    headers: { 'tus-resumable': '1.0.0', ...headers },
    body: body as Uint8Array<ArrayBuffer> | undefined,
  });
}

/** Begins a PATCH of more bytes than it sends, so that the gateway waits for the rest. */
export function stalledPatch(url: string, headers: Record<string, string>, announced: number, sent: Uint8Array) {
  const patch = request(url, {
    method: 'PATCH',
    headers: {
      'tus-resumable': '1.0.0',
      'content-type': 'application/offset+octet-stream',
      'content-length': announced,
      ...headers,
    },
  });
  patch.on('error', () => undefined);
  patch.write(sent);
  return patch;
}

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { abortable } from './abortable.js';
import { patienceFor } from './s3-client.js';

/** The smallest part that S3 takes, but for the last. */
const MIN_PART = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;
/** Keeps memory flat where `maxBytes` is no real limit; enough for 640 GB. */
const MAX_PART = 64 * 1024 * 1024;
/** Parts on their way at once. With the one that fills, an upload holds three parts: 15 MiB up to 52 GB. */
const PARALLEL = 2;

/** Where an upload goes, and how long it may be. */
export interface S3UploadOptions {
  Bucket: string;
  Key: string;
  maxBytes: number;
  signal: AbortSignal | undefined;
}

/**
 * Streams `body` to an object at flat memory, in parts when it is longer than one. Whatever goes wrong, no object and no
 * parts are left behind, unless the server cannot be reached to say so.
 *
 * Not `@aws-sdk/lib-storage`: its abort does not wait for parts on their way, which then stay and cost money.
 */
export async function uploadStream(
  client: S3Client,
  body: AsyncIterable<Uint8Array>,
  { Bucket, Key, maxBytes, signal }: S3UploadOptions,
): Promise<void> {
  const partBytes = Math.min(MAX_PART, Math.max(MIN_PART, Math.ceil(maxBytes / MAX_PARTS)));
  const stop = new AbortController();
  const abortSignal = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const parts = partsOf(abortable(body, abortSignal), partBytes);
  try {
    const first = (await parts.next()).value ?? Buffer.alloc(0);
    if (first.length < partBytes) await sendWhole(client, { Bucket, Key }, first, abortSignal);
    else await sendParts(client, { Bucket, Key }, first, parts, stop);
  } catch (error) {
    // The SDK rejects with an error of its own on an abort; the reason says more.
    throw abortSignal.aborted ? abortSignal.reason : error;
  } finally {
    await parts.return(undefined);
  }
}

async function sendWhole(
  client: S3Client,
  place: { Bucket: string; Key: string },
  Body: Buffer,
  abortSignal: AbortSignal,
): Promise<void> {
  try {
    await client.send(new PutObjectCommand({ ...place, Body }), { abortSignal });
  } catch (error) {
    // It may have arrived although its answer did not.
    await client.send(new DeleteObjectCommand(place)).catch(() => {});
    throw error;
  }
}

async function sendParts(
  client: S3Client,
  place: { Bucket: string; Key: string },
  first: Buffer,
  rest: AsyncIterable<Buffer>,
  stop: AbortController,
): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
  const upload = { ...place, UploadId };
  const running = new Set<Promise<void>>();
  const etags: string[] = [];
  const send = (Body: Buffer) => {
    const PartNumber = etags.push('');
    // Not aborted once begun: a server may go on with a part whose client has gone, and keep it after the abort.
    const sent = client.send(new UploadPartCommand({ ...upload, PartNumber, Body })).then(({ ETag }) => {
      etags[PartNumber - 1] = ETag!;
      running.delete(sent);
    });
    // Ends the reading too, even while the body is silent.
    sent.catch((error) => stop.abort(error));
    running.add(sent);
  };
  try {
    send(first);
    for await (const part of rest) {
      if (running.size >= PARALLEL) await Promise.race(running);
      send(part);
    }
    await Promise.all(running);
    const Parts = etags.map((ETag, i) => ({ ETag, PartNumber: i + 1 }));
    const requestTimeout = patienceFor(etags.length * first.length);
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
    await client.send(complete, { requestTimeout });
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(running);
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
    throw error;
  }
}

/** `body` cut into buffers of `partBytes`; only the last is shorter. */
async function* partsOf(body: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<Buffer, undefined> {
  // Not a list of chunks: a client may send its bytes one by one. What is not filled takes no memory yet.
  let part = Buffer.allocUnsafeSlow(partBytes);
  let size = 0;
  for await (let chunk of body) {
    while (size + chunk.length >= partBytes) {
      part.set(chunk.subarray(0, partBytes - size), size);
      chunk = chunk.subarray(partBytes - size);
      yield part;
      part = Buffer.allocUnsafeSlow(partBytes);
      size = 0;
    }
    part.set(chunk, size);
    size += chunk.length;
  }
  if (size > 0) yield part.subarray(0, size);
  return undefined;
}

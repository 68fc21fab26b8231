import type { IncomingMessage } from 'node:http';
import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { within } from './deadline.js';
import { EgressError, EgressFailed, EgressTooLarge, failureOf } from './errors.js';

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** What an answer may cost. */
export interface BodyLimits {
  host: string;
  maxBytes: number;
  idleMs: number;
  maxHeaderBytes: number;
  signal: AbortSignal;
}

/**
 * The body of an answer, unpacked: at most `maxBytes` both on the wire and unpacked. The stream fails with one of the
 * errors of egress, or the signal's reason.
 */
export function responseBody(message: IncomingMessage, limits: BodyLimits): Readable {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase() ?? '';
  const packed = encoding !== '' && encoding !== 'identity';
  const decoder = packed ? DECODERS[encoding]?.() : undefined;
  if (packed && !decoder) {
    throw new EgressFailed('encoding', `The answer of ${limits.host} has a content-encoding that cannot be read.`);
  }
  const raw = limited(timed(message, limits), limits.maxBytes);
  const body = bytes(decoder ? limited(unpacked(raw, decoder, limits.host), limits.maxBytes) : raw);
  // An abort must also end a body that nobody reads at the moment. Whoever reads it gets the error; if nobody ever does,
  // it is no reason to end the process.
  const abort = () => body.destroy(limits.signal.reason);
  body.on('error', () => {});
  body.on('close', () => limits.signal.removeEventListener('abort', abort));
  // The source first: a generator that waits for a chunk hears of nothing before it has one.
  const close = body._destroy.bind(body);
  body._destroy = (error, done) => {
    message.destroy();
    close(error, done);
  };
  limits.signal.addEventListener('abort', abort, { once: true });
  return body;
}

function bytes(source: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(source, { objectMode: false });
}

/** The time limit counts only while somebody waits: a slow reader is not the fault of the other side. */
async function* timed(
  message: IncomingMessage,
  { host, idleMs, maxHeaderBytes, signal }: BodyLimits,
): AsyncGenerator<Buffer> {
  const chunks = message[Symbol.asyncIterator]();
  try {
    while (true) {
      const { done, value } = await within(idleMs, 'idle', signal, () => chunks.next());
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : failureOf(error, host, maxHeaderBytes);
  } finally {
    message.destroy();
  }
}

async function* limited(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > maxBytes) throw new EgressTooLarge(maxBytes);
    yield chunk;
  }
}

async function* unpacked(source: AsyncIterable<Uint8Array>, decoder: Transform, host: string): AsyncGenerator<Buffer> {
  pipeline(bytes(source), decoder, () => {});
  try {
    yield* decoder;
  } catch (error) {
    const ours = error instanceof EgressError || !String((error as NodeJS.ErrnoException).code).match(/^Z_|^ERR_/);
    if (ours) throw error;
    throw new EgressFailed('encoding', `The answer of ${host} is packed wrongly.`, { cause: error });
  }
}

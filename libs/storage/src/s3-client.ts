import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Settings } from './storage-settings.js';

/** Until the answer begins, in milliseconds. A part of an upload has some megabytes, and the line may be slow. */
const REQUEST_TIMEOUT_MS = 60_000;

/** Bytes in a millisecond that a server copies or joins at least, however it does it. */
const SLOWEST = 10_000;

/** How long a request that makes the server copy or join `bytes` may take: some begin their answer when all is done. */
export function patienceFor(bytes: number): number {
  return REQUEST_TIMEOUT_MS + bytes / SLOWEST;
}

/** How a connection is made; for tests, which resolve host names themselves. */
type AgentOptions = { lookup?: import('node:net').LookupFunction };

/** A client of the S3 API that any server understands, not only Amazon's. */
export function s3Client(settings: S3Settings, agent: AgentOptions = {}): S3Client {
  const sockets = { keepAlive: true, maxSockets: 256, ...agent };
  const config: S3ClientConfig = {
    region: settings.region,
    forcePathStyle: settings.pathStyle,
    credentials: { accessKeyId: settings.accessKeyId, secretAccessKey: settings.secretAccessKey },
    // By default the SDK adds CRC trailers, which many third-party servers refuse or store as content. The signature
    // covers the SHA-256 of each body that we send, so a damaged one is refused anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it, each part would get a connection of its own, and servers that never answer it cost a second each.
    expectContinueHeader: false,
    retryMode: 'standard',
    maxAttempts: 4,
    // A renewed answer for a bucket of another region would hide a wrong S3_REGION.
    followRegionRedirects: false,
    requestHandler: {
      connectionTimeout: 10_000,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      // No socket timeout: it would also end a download whose reader is slow. `s3-read.ts` watches the sender.
      httpAgent: sockets,
      httpsAgent: sockets,
    },
  };
  if (settings.endpoint) config.endpoint = settings.endpoint;
  return new S3Client(config);
}

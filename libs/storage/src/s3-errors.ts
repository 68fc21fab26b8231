import { S3ServiceException } from '@aws-sdk/client-s3';
import type { S3Settings } from './storage-settings.js';

/** Whether there is no such object; not whether there is no such bucket. */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';
}

/** Whether the server does not know the operation, or does not let us do it. */
export function isUnavailable(error: unknown): boolean {
  return [403, 405, 501].includes(statusOf(error) ?? 0) || nameOf(error) === 'NotImplemented';
}

/** The failure of a question to the bucket that is answered with a body, in words that name the setting to mend. */
export function explain(error: unknown, { endpoint, region, bucket }: S3Settings): Error {
  const place = endpoint ?? `AWS in ${region}`;
  const status = statusOf(error);
  const says = (message: string) => new Error(message, { cause: error });
  if (status === undefined)
    return says(`S3_ENDPOINT: ${place} does not answer (${reasonOf(error)}). Is the address right, and the server up?`);
  if (reasonOf(error) === 'NoSuchBucket')
    return says(`S3_BUCKET: ${place} has no bucket ${bucket}. Create it, or correct S3_BUCKET.`);
  if (status === 301 || status === 400)
    return says(
      `S3_REGION: ${place} does not take ${region} for the bucket ${bucket} (${reasonOf(error)}). Give the bucket's region; see also S3_PATH_STYLE.`,
    );
  // Some servers answer 404 for a key id that they do not know.
  if (status < 500)
    return says(
      `S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: ${place} refuses these keys for the bucket ${bucket} (${reasonOf(error)}). Correct them, or let them list, read and write it.`,
    );
  return says(`S3_ENDPOINT: ${place} answers ${status} (${reasonOf(error)}). Is it an S3 API, and is it well?`);
}

function reasonOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}

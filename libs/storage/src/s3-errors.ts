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

/** The failure of a first question to the bucket, in words that name the setting to mend. */
export function explain(error: unknown, { endpoint, region, bucket }: S3Settings): Error {
  const place = endpoint ?? `AWS in ${region}`;
  const status = statusOf(error);
  const says = (message: string) => new Error(message, { cause: error });
  if (status === 404) return says(`S3_BUCKET: ${place} has no bucket ${bucket}. Create it, or correct S3_BUCKET.`);
  if (status === 401 || status === 403)
    return says(
      `S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: ${place} refuses these keys for the bucket ${bucket}. Correct them, or let them list, read and write it.`,
    );
  if (status === 301 || status === 400)
    return says(
      `S3_REGION: ${place} does not take ${region} for the bucket ${bucket}. Give the bucket's region; see also S3_PATH_STYLE.`,
    );
  if (status !== undefined)
    return says(`S3_ENDPOINT: ${place} answers ${status} to a question for its bucket ${bucket}.`);
  return says(`S3_ENDPOINT: ${place} does not answer (${reasonOf(error)}). Is the address right, and the server up?`);
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

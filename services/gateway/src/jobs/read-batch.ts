import type { Readable } from 'node:stream';
import parseSafely from 'secure-json-parse';
import { z } from 'zod';
import { JSON_LIMIT_BYTES } from '../http/bodies.js';
import { Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';
import { MOST_JOBS } from './submit-batch.js';

/** Of a whole batch: 10,000 jobs of 3 KB. */
const BATCH_LIMIT_BYTES = 32 * 1024 * 1024;

const Body = z.strictObject({ jobs: z.array(z.unknown()).max(MOST_JOBS) });

/** The jobs of a batch: `{"jobs": [...]}` as JSON, or one job a line as NDJSON, which is read as it comes in. */
export async function batchRequests(
  contentType: string | undefined,
  body: Readable,
): Promise<AsyncIterable<unknown> | unknown[]> {
  if (/^application\/(x-ndjson|jsonl|x-jsonlines)\b/i.test(contentType ?? '')) return lines(body);
  if (/^application\/json\b/i.test(contentType ?? '')) {
    const chunks: Buffer[] = [];
    for await (const chunk of limited(body)) chunks.push(chunk);
    return validate(Body, parse(Buffer.concat(chunks).toString('utf8'), 'The body')).jobs;
  }
  throw new Problem(
    'unsupported_media_type',
    'Send {"jobs": [...]} as application/json, or one job a line as application/x-ndjson.',
  );
}

async function* lines(body: Readable): AsyncGenerator<unknown> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  const read = (line: Buffer) => parse(line.toString('utf8'), `Line ${number}`);
  for await (const chunk of limited(body)) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      number += 1;
      const line = Buffer.concat([rest, chunk.subarray(from, end)]);
      rest = Buffer.alloc(0);
      from = end + 1;
      if (!isBlank(line)) yield read(line);
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > JSON_LIMIT_BYTES)
      throw new Problem('payload_too_large', `Line ${number + 1} is longer than 1 MB.`);
  }
  number += 1;
  if (!isBlank(rest)) yield read(rest);
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 32 || byte === 13 || byte === 9);
}

async function* limited(body: Readable): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > BATCH_LIMIT_BYTES)
      throw new Problem('payload_too_large', 'A batch takes at most 32 MB. Send the rest as another batch.');
    yield chunk as Buffer;
  }
}

function parse(text: string, what: string): unknown {
  try {
    return parseSafely.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch {
    throw new Problem('malformed_body', `${what} is not valid JSON.`);
  }
}

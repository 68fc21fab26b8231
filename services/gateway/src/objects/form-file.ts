import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.js';

/** A file that came in a form. */
export interface FormFile {
  body: AsyncIterable<Uint8Array>;
  name: string | undefined;
}

/**
 * The file of a `multipart/form-data` request. Throws a `Problem`: `invalid_input` when there is none, `malformed_body`
 * when the form cannot be read. `body` throws the same, and `invalid_input` when another file follows.
 */
export async function formFile(request: FastifyRequest): Promise<FormFile> {
  const files = request.files();
  const file = await next(files);
  if (!file) throw new Problem('invalid_input', 'The form has no file. Add a part with a filename.');
  return { body: onlyFile(file, files), name: fileName(file.filename) };
}

/** Ends only when the form has ended well, so that nothing is kept of a form that breaks off after its file. */
async function* onlyFile({ file }: MultipartFile, others: AsyncIterator<MultipartFile>): AsyncGenerator<Uint8Array> {
  try {
    yield* file;
  } catch (error) {
    throw unreadable(error);
  }
  const other = await next(others);
  if (!other) return;
  other.file.destroy();
  throw new Problem('invalid_input', 'The form has several files. Send one file with each request.');
}

async function next(files: AsyncIterator<MultipartFile>): Promise<MultipartFile | undefined> {
  try {
    const { done, value } = await files.next();
    return done ? undefined : value;
  } catch (error) {
    throw unreadable(error);
  }
}

export function unreadable(cause: unknown): Problem {
  return Object.assign(
    new Problem(
      'malformed_body',
      'The form cannot be read. Send multipart/form-data: with its boundary, one part with a filename, a few fields at most.',
    ),
    { cause },
  );
}

/** What a form calls a file may be a path, and hold what PostgreSQL and headers do not take. */
export function fileName(name: string | undefined): string | undefined {
  const last = name?.split(/[\\/]/).at(-1);
  return last?.replace(/\p{Cc}/gu, '').slice(0, 255) || undefined;
}

import type { Multipart, MultipartFile, MultipartValue } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.js';

/** A field of a form; `valueTruncated` where it had more bytes than it may. */
export type FormField = MultipartValue & { valueTruncated?: boolean };

/** A file that came in a form. */
export interface FormFile {
  body: AsyncIterable<Uint8Array>;
  name: string | undefined;
}

/** What a form may have, in parts and bytes; what is not given is as `bodies.ts` sets it. */
export type FormLimits = NonNullable<Parameters<FastifyRequest['parts']>[0]>['limits'];

/** How a form with one file is read. */
export interface FormReader {
  limits?: FormLimits;
  /** Called for each field. Fields are passed over by default. */
  onField?(field: FormField): void;
  /** Called when the form has ended well; what it throws, the body of the file throws. */
  onEnd?(): Promise<void>;
}

/** The fields and files of a form, in whatever order they come. Throws a `Problem` `malformed_body` when it cannot be read. */
export async function* formParts(
  request: FastifyRequest,
  limits?: FormLimits,
): AsyncGenerator<({ type: 'field' } & FormField) | ({ type: 'file' } & MultipartFile)> {
  try {
    yield* request.parts({ limits }) as AsyncIterable<Multipart>;
  } catch (error) {
    throw unreadable(error);
  }
}

/**
 * The file of a `multipart/form-data` request, read as far as its beginning. Throws a `Problem`: `invalid_input` when there is
 * none, `malformed_body` when the form cannot be read. `body` throws the same, and `invalid_input` when another file follows;
 * it ends only when the form has ended well, so that nothing is kept of a form that breaks off after its file.
 */
export async function formFile(request: FastifyRequest, reader: FormReader = {}): Promise<FormFile> {
  const parts = formParts(request, reader.limits);
  const file = await nextFile(parts, reader);
  if (!file) throw new Problem('invalid_input', 'The form has no file. Add a part with a filename.');
  return { body: onlyFile(file, parts, reader), name: fileName(file.filename) };
}

/** The bytes of a file. Throws a `Problem` `malformed_body` when the form breaks off in it. */
export async function* fileBytes({ file }: MultipartFile): AsyncGenerator<Uint8Array> {
  try {
    yield* file;
  } catch (error) {
    throw unreadable(error);
  }
}

async function* onlyFile(
  file: MultipartFile,
  parts: ReturnType<typeof formParts>,
  reader: FormReader,
): AsyncGenerator<Uint8Array> {
  yield* fileBytes(file);
  const other = await nextFile(parts, reader);
  if (other) {
    other.file.destroy();
    throw new Problem('invalid_input', 'The form has several files. Send one file with each request.');
  }
  await reader.onEnd?.();
}

/** Takes fields in until a file comes; undefined at the form's end. */
async function nextFile(
  parts: ReturnType<typeof formParts>,
  { onField }: FormReader,
): Promise<MultipartFile | undefined> {
  for (;;) {
    const { done, value: part } = await parts.next();
    if (done) return undefined;
    if (part.type === 'file') return part;
    onField?.(part);
  }
}

function unreadable(cause: unknown): unknown {
  if (cause instanceof Problem) return cause;
  const detail =
    'The form cannot be read. Send multipart/form-data: with its boundary, one part with a filename, a few fields at most.';
  return Object.assign(new Problem('malformed_body', detail), { cause });
}

/** What a form calls a file may be a path, and hold what PostgreSQL and headers do not take. */
export function fileName(name: string | undefined): string | undefined {
  const last = name?.split(/[\\/]/).at(-1);
  return last?.replace(/\p{Cc}/gu, '').slice(0, 255) || undefined;
}

import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.js';
import { fileName } from '../objects/form-file.js';

/** What one field may have: 20 renditions with all their options are far less. */
const FIELD_BYTES = 64 * 1024;
const MOST_FIELDS = 10;

/** A form with one file, read as far as the file's beginning. */
export interface UploadForm {
  /** What the form calls the file. */
  fileName: string | undefined;
  /** The bytes of the file. When it ends, `fields` is complete; it throws what `onFields` throws. */
  body: AsyncIterable<Uint8Array>;
}

/**
 * Reads `multipart/form-data` with one file and some fields, in any order. `onFields` gets the fields before the body ends,
 * so that a file with wrong fields is not kept. Throws a `Problem`: `unsupported_media_type`, `malformed_body`, or
 * `invalid_input` when there is no file, a second one, or a field twice.
 */
export async function readUploadForm(
  request: FastifyRequest,
  onFields: (fields: ReadonlyMap<string, string>) => Promise<void>,
): Promise<UploadForm> {
  if (!request.isMultipart())
    throw new Problem('unsupported_media_type', 'Send multipart/form-data: the file, and the fields beside it.');
  const limits = { fieldSize: FIELD_BYTES, fields: MOST_FIELDS, files: 2, parts: MOST_FIELDS + 2 };
  const parts = request.parts({ limits })[Symbol.asyncIterator]();
  const fields = new Map<string, string>();
  const file = await nextFile(parts, fields);
  if (!file) throw new Problem('invalid_input', 'The form has no file. Add a part with a filename.');
  return { fileName: fileName(file.filename), body: bytesOf(file, parts, fields, onFields) };
}

async function* bytesOf(
  { file }: MultipartFile,
  parts: AsyncIterator<Multipart>,
  fields: Map<string, string>,
  onFields: (fields: ReadonlyMap<string, string>) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* file;
  } catch (error) {
    throw unreadable(error);
  }
  const other = await nextFile(parts, fields);
  if (other) {
    other.file.destroy();
    throw new Problem('invalid_input', 'The form has several files. Send one file with each request.');
  }
  await onFields(fields);
}

/** Takes fields in until a file comes; undefined at the form's end. */
async function nextFile(
  parts: AsyncIterator<Multipart>,
  fields: Map<string, string>,
): Promise<MultipartFile | undefined> {
  for (;;) {
    const { done, value: part } = await parts.next().catch((error: unknown) => {
      throw unreadable(error);
    });
    if (done) return undefined;
    if (part.type === 'file') return part;
    const pointer = `/${part.fieldname.slice(0, 100)}`;
    if (part.valueTruncated)
      throw new Problem('payload_too_large', `${pointer}: a field may have ${FIELD_BYTES / 1024} KB.`);
    if (fields.has(part.fieldname))
      throw new Problem('invalid_input', `${pointer}: the field is there twice.`, [{ pointer, detail: 'there twice' }]);
    fields.set(part.fieldname, String(part.value));
  }
}

function unreadable(cause: unknown): unknown {
  if (cause instanceof Problem) return cause;
  const detail =
    'The form cannot be read. Send multipart/form-data: with its boundary, one part with a filename, 10 fields at most.';
  return Object.assign(new Problem('malformed_body', detail), { cause });
}

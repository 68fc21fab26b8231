import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.js';
import { type FormField, type FormFile, formFile } from '../objects/form-file.js';

/** What one field may have: 20 renditions with all their options are far less. */
const FIELD_BYTES = 64 * 1024;
const MOST_FIELDS = 10;
const LIMITS = { fieldSize: FIELD_BYTES, fields: MOST_FIELDS, files: 2, parts: MOST_FIELDS + 2 };

/**
 * Reads `multipart/form-data` with one file and some fields, in any order. `onFields` gets the fields before the body ends,
 * so that a file with wrong fields is not kept; the body throws what it throws. Throws a `Problem`: `unsupported_media_type`,
 * `malformed_body`, or `invalid_input` when there is no file, a second one, or a field twice.
 */
export async function readUploadForm(
  request: FastifyRequest,
  onFields: (fields: ReadonlyMap<string, string>) => Promise<void>,
): Promise<FormFile> {
  if (!request.isMultipart())
    throw new Problem('unsupported_media_type', 'Send multipart/form-data: the file, and the fields beside it.');
  const fields = new Map<string, string>();
  return formFile(request, {
    limits: LIMITS,
    onField: (field) => takeField(field, fields),
    onEnd: () => onFields(fields),
  });
}

function takeField({ fieldname, value, valueTruncated }: FormField, fields: Map<string, string>): void {
  const pointer = `/${fieldname.slice(0, 100)}`;
  if (valueTruncated) throw new Problem('payload_too_large', `${pointer}: a field may have ${FIELD_BYTES / 1024} KB.`);
  if (fields.has(fieldname))
    throw new Problem('invalid_input', `${pointer}: the field is there twice.`, [{ pointer, detail: 'there twice' }]);
  fields.set(fieldname, String(value));
}

import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.js';
import { type FormFile, formFile } from './form-file.js';
import type { ObjectUpload } from './upload-object.js';

/** What a form may have around its file: boundaries, headers of parts, fields. */
const FORM_BYTES = 64 * 1024;

/**
 * The file of a request, raw or as a form. Throws a `Problem`: `payload_too_large` when its length says so already,
 * `invalid_input` when there is none, and what `formFile` throws.
 */
export async function uploadBody(
  request: FastifyRequest,
  uploads: ObjectUpload,
  maxBytes: number = uploads.maxBytes,
): Promise<FormFile> {
  const isForm = request.isMultipart();
  const limit = maxBytes + (isForm ? FORM_BYTES : 0);
  if (Number(request.headers['content-length'] ?? 0) > limit) throw uploads.tooLarge(maxBytes);
  if (isForm) return formFile(request);
  const body = request.body as Readable | null;
  if (!body) throw new Problem('invalid_input', 'The body is empty. Send the bytes of the file.');
  return { body, name: undefined };
}

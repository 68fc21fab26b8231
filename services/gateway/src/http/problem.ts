import type { ErrorCode } from '@tandem/contracts/errors';
import { z } from 'zod';

/** The one place where codes meet HTTP. */
const TABLE: Record<ErrorCode, { status: number; title: string }> = {
  unauthenticated: { status: 401, title: 'Sign in first' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  malformed_request: { status: 400, title: 'The request cannot be read' },
  malformed_body: { status: 400, title: 'The body cannot be read' },
  invalid_input: { status: 422, title: 'The request is not valid' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  payload_too_large: { status: 413, title: 'Too large' },
  range_not_satisfiable: { status: 416, title: 'Range not satisfiable' },
  idempotency_mismatch: { status: 422, title: 'The idempotency key belongs to another request' },
  conflict: { status: 409, title: 'Not possible in this state' },
  precondition_failed: { status: 412, title: 'It has changed meanwhile' },
  rate_limited: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Unavailable for the moment' },
  image_unreadable: { status: 422, title: 'The image cannot be read' },
  image_too_large: { status: 422, title: 'The image is too large' },
  document_unreadable: { status: 422, title: 'The document cannot be read' },
  document_failed: { status: 422, title: 'The document cannot be made' },
  password_required: { status: 422, title: 'The document needs its password' },
  source_unreachable: { status: 422, title: 'The source cannot be fetched' },
  timeout: { status: 504, title: 'Took too long' },
  worker_lost: { status: 500, title: 'The worker was lost' },
  cancelled: { status: 409, title: 'The job was cancelled' },
  expired: { status: 409, title: 'The job expired' },
  internal: { status: 500, title: 'Unexpected error' },
};

/** One bad field: a JSON pointer (RFC 6901) into the body, or `/name` of a header or query parameter. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** A problem document, RFC 9457, with `code`, `traceId` and a list of bad fields as extension members. */
export const ProblemDocument = z
  .object({
    type: z.string().meta({ example: 'urn:tandem:problem:invalid_input' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    traceId: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

/** An error that a caller is told about; `detail` says what to change. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    readonly errors?: FieldError[],
    readonly headers: Record<string, string> = {},
  ) {
    super(detail);
  }

  get status(): number {
    return TABLE[this.code].status;
  }

  document(traceId: string | undefined): z.infer<typeof ProblemDocument> {
    const { status, title } = TABLE[this.code];
    return {
      type: `urn:tandem:problem:${this.code}`,
      title,
      status,
      detail: this.detail,
      code: this.code,
      traceId,
      errors: this.errors,
    };
  }
}

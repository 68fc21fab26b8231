/**
 * The closed list of what can go wrong. One value serves the problem documents of the gateway, the error of a failed
 * job, the `error.type` attribute of spans and the label of metrics.
 */
export const ERROR_CODES = [
  'unauthenticated',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'malformed_request',
  'malformed_body',
  'invalid_input',
  'unsupported_media_type',
  'payload_too_large',
  'range_not_satisfiable',
  'idempotency_mismatch',
  'conflict',
  'precondition_failed',
  'rate_limited',
  'unavailable',
  'image_unreadable',
  'image_too_large',
  'document_unreadable',
  'document_failed',
  'password_required',
  'source_unreachable',
  'timeout',
  'worker_lost',
  'cancelled',
  'expired',
  'internal',
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

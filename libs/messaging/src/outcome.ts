import type { ErrorCode } from '@tandem/contracts/errors';

/** Thrown by a handler when the job can never succeed: it ends `failed` at once, whatever attempts are left. */
export class Rejected extends Error {
  override readonly name = 'Rejected';

  /** `detail` is shown to the caller: say what to change, and put no secret in it. */
  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
  }
}

/** Thrown by a handler that cannot work now, through no fault of the job: it runs again later and no attempt is used. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';

  /** @param afterMs milliseconds until the next run */
  constructor(
    readonly afterMs: number,
    readonly detail = 'The service asked to run this later.',
  ) {
    super(detail);
  }
}

/** Thrown by a handler when the job failed this time but may succeed later: an attempt is used, and `detail` is shown. */
export class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed';

  /** `detail` says what went wrong, without secrets. */
  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
  }
}

/** Why a caller is turned away. `unavailable` means that nobody can tell yet: the signing keys are out of reach. */
export type AuthErrorCode = 'unauthenticated' | 'forbidden' | 'unavailable';

/** A caller is not let in. `detail` is for the caller and tells nothing of use to an attacker; `message` is for logs. */
export class AuthError extends Error {
  override readonly name = 'AuthError';

  constructor(
    readonly code: AuthErrorCode,
    readonly detail: string,
    reason: string = detail,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** The one answer to every token that fails a check, whichever it was. `reason` goes to the log alone. */
export function notAccepted(reason: string, cause?: unknown): AuthError {
  return new AuthError('unauthenticated', 'The access token is not accepted. Sign in again.', reason, { cause });
}

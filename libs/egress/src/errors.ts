/** What the errors of egress have in common: a `detail` that is safe to show to the caller of the API. */
export abstract class EgressError extends Error {
  constructor(
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
  }
}

/** Why something was refused: for logs and counters. It never says what a name resolved to. */
export type DenialReason = 'url' | 'scheme' | 'user-info' | 'port' | 'address' | 'unresolved' | 'downgrade';

/** The policy refuses the address. Trying again does not help. */
export class EgressDenied extends EgressError {
  override readonly name = 'EgressDenied';

  constructor(
    readonly reason: DenialReason,
    detail: string,
  ) {
    super(detail);
  }

  /**
   * A private address, a name that does not exist and a host that is not on the list read the same: otherwise a caller
   * could find out which names an internal network has.
   */
  static address(host: string, reason: 'address' | 'unresolved' = 'address'): EgressDenied {
    return new EgressDenied(reason, `The address ${host} is not allowed, or does not exist.`);
  }
}

/** More came than `maxBytes`, packed or unpacked, or the headers were too large. */
export class EgressTooLarge extends EgressError {
  override readonly name = 'EgressTooLarge';

  constructor(
    readonly maxBytes: number,
    what: 'answer' | 'headers of the answer' = 'answer',
  ) {
    super(`The ${what} may have ${maxBytes} bytes and had more.`);
  }
}

/** Which of the times ran out: to connect, to the first byte, between two bytes, or altogether. */
export type TimedPhase = 'connect' | 'first byte' | 'idle' | 'total';

/** The other side was too slow. It may be faster next time. */
export class EgressTimedOut extends EgressError {
  override readonly name = 'EgressTimedOut';

  constructor(
    readonly phase: TimedPhase,
    readonly afterMs: number,
  ) {
    super(`${TIMED[phase]} within ${afterMs / 1000} s.`);
  }
}

const TIMED: Record<TimedPhase, string> = {
  connect: 'No connection was made',
  'first byte': 'No answer came',
  idle: 'No more of the answer came',
  total: 'The request did not end',
};

/** What kind of failure it was; only `connection` and `dns` may go away by themselves. */
export type FailureReason = 'dns' | 'connection' | 'certificate' | 'protocol' | 'redirects' | 'encoding';

/** The other side could not be reached, or what it sent makes no sense. `cause` may hold addresses: never show it. */
export class EgressFailed extends EgressError {
  override readonly name = 'EgressFailed';

  constructor(
    readonly reason: FailureReason,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
  }

  /** True when the same request may succeed later. */
  get passing(): boolean {
    return this.reason === 'dns' || this.reason === 'connection';
  }
}

/** Turns what a socket, TLS or the HTTP parser threw into one of ours. */
export function failureOf(error: unknown, host: string, maxHeaderBytes: number): Error {
  if (error instanceof EgressError) return error;
  const code = String((error as NodeJS.ErrnoException | undefined)?.code ?? '');
  if (code === 'HPE_HEADER_OVERFLOW') return new EgressTooLarge(maxHeaderBytes, 'headers of the answer');
  const options = { cause: error };
  if (code.startsWith('HPE_')) return new EgressFailed('protocol', `${host} does not answer in HTTP.`, options);
  if (/CERT|^ERR_TLS|VERIFY|SELF_SIGNED|CRL|^HOSTNAME_MISMATCH/.test(code)) {
    return new EgressFailed('certificate', `The TLS certificate of ${host} is not valid.`, options);
  }
  return new EgressFailed('connection', `The connection to ${host} failed.`, options);
}

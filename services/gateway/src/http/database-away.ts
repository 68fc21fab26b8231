// What `pg` says in words only, without a code.
const LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a)/;
// Class 08: connection exceptions; 57P01 to 57P03: PostgreSQL shuts down, crashed or starts; 53300: too many connections.
const SQLSTATES = /^(08|57P0[123]|53300)/;
const SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** True for an error that says that PostgreSQL cannot be reached now, so that the same request may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '' } = error as { code?: unknown };
  return LOST.test(error.message) || (typeof code === 'string' && (SQLSTATES.test(code) || SYSTEM.has(code)));
}

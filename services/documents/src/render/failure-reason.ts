import { PROHIBITED } from '@tandem/egress/proxy-answers';

/** What is said of a host that egress keeps a page from: never which of the two it is. */
export const DENIED = 'the host does not exist, or is not allowed';

/** What Chromium's names of failures mean to the author of a document. */
const REASONS: Record<string, string> = {
  ERR_NAME_NOT_RESOLVED: DENIED,
  ERR_TUNNEL_CONNECTION_FAILED: 'the host cannot be reached, or its address is not allowed',
  ERR_CONNECTION_REFUSED: 'the host refused the connection',
  ERR_CONNECTION_RESET: 'the host broke the connection off',
  ERR_CONNECTION_CLOSED: 'the host closed the connection',
  ERR_EMPTY_RESPONSE: 'the host closed the connection without an answer',
  ERR_CONNECTION_TIMED_OUT: 'the host did not answer',
  ERR_TIMED_OUT: 'the host did not answer in time',
  ERR_TOO_MANY_REDIRECTS: 'the host redirects in a circle',
  ERR_UNSAFE_PORT: 'browsers do not open this port',
  ERR_UNSAFE_REDIRECT: 'it redirects to where a page may not go',
  ERR_UNKNOWN_URL_SCHEME: 'only http and https can be opened',
  ERR_INVALID_AUTH_CREDENTIALS: 'the host asks for a user name and a password',
  ERR_PROXY_AUTH_UNSUPPORTED: 'the document may not reach other hosts',
  ERR_ABORTED: 'it was broken off',
  ERR_BLOCKED_BY_ORB: 'the host does not allow other sites to use it (ORB)',
  ERR_CONTENT_DECODING_FAILED: 'its content is damaged',
};

/** A failure in words, from `net::ERR_...` or the reason for which Chromium blocked a request. */
export function failureReason(errorText: string, blockedReason?: string): string {
  if (blockedReason === 'mixed-content') return 'a document loads nothing by http://; use https://';
  if (blockedReason) return `the browser blocked it (${blockedReason})`;
  const code = errorText.replace(/^net::/, '');
  if (/^ERR_(?:CERT|SSL)_/.test(code)) return `its TLS connection is not valid (${code})`;
  return REASONS[code] ?? `it failed (${code || 'unknown'})`;
}

/** A status of failure in words. */
export function statusReason(status: number, proxyStatus?: string): string {
  const error = proxyError(proxyStatus);
  if (!error) return `the host answered ${status}`;
  return error === PROHIBITED ? DENIED : 'the host cannot be reached';
}

/** The error that the proxy names in its `Proxy-Status`; undefined for an answer of a host. */
export function proxyError(proxyStatus = ''): string | undefined {
  return /^egress; error=(\w+)$/.exec(proxyStatus)?.[1];
}

/** Whether the same request may succeed in a while. */
export function mayPass(errorText: string): boolean {
  return /ERR_(?:CONNECTION_(?:REFUSED|RESET|CLOSED|TIMED_OUT|ABORTED)|EMPTY_RESPONSE|TIMED_OUT|NETWORK_CHANGED)/.test(
    errorText,
  );
}

import type { EgressResponse } from '@tandem/egress/egress';

/** Why Supabase Storage refused. */
export type RefusalKind = 'not-found' | 'forbidden' | 'exists' | 'expired' | 'invalid' | 'too-large' | 'unavailable';

/**
 * Reads why Storage refused. It answers most refusals with HTTP 400 and the true status as text in the body:
 * `{"statusCode":"403","error":"Unauthorized","message":"new row violates row-level security policy"}`.
 */
export async function refusalOf(response: EgressResponse): Promise<RefusalKind> {
  const { statusCode, error, message } = await bodyOf(response);
  const status = Number(statusCode) || response.status;
  const words = `${error} ${message}`;
  if (/row-level security|AccessDenied|Unauthorized/i.test(words)) return 'forbidden';
  if (/\bexp\b|expired|ExpiredSignature/i.test(words)) return 'expired';
  if (/InvalidJWT|Invalid JWT|jwt|Invalid Compact JWS|InvalidSignature/i.test(words)) return 'forbidden';
  if (status === 409 || /Duplicate|AlreadyExists/i.test(words)) return 'exists';
  if (status === 404 || /not_found|NoSuch/i.test(words)) return 'not-found';
  if (status === 401 || status === 403) return 'forbidden';
  if (status === 413) return 'too-large';
  return status >= 500 || status === 429 ? 'unavailable' : 'invalid';
}

async function bodyOf(response: EgressResponse): Promise<Record<'statusCode' | 'error' | 'message', unknown>> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    const { statusCode, error, message } = (typeof body === 'object' && body ? body : {}) as Record<string, unknown>;
    return { statusCode, error, message };
  } catch {
    return { statusCode: undefined, error: undefined, message: undefined };
  }
}

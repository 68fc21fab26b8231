import { isIP } from 'node:net';
import { EgressDenied } from './errors.js';
import { compile, type EgressPolicy } from './policy.js';
import { parseUrl, targetOf } from './route.js';

/**
 * Why no request to `url` can be good, whatever its name resolves to: a private address that is written out, a port or a
 * scheme that is not allowed. Safe to show. `undefined` when only the look-up can tell.
 */
export function refusalByLetters(url: string, policy: EgressPolicy): string | undefined {
  try {
    const target = targetOf(parseUrl(url));
    const compiled = compile(policy);
    const literal = isIP(target.host) !== 0;
    if (compiled.mayAdmit(target) && (!literal || compiled.admits(target, target.host))) return undefined;
    return target.defaultPort || literal
      ? EgressDenied.address(target.host).detail
      : `Port ${target.port} of ${target.host} is not allowed.`;
  } catch (error) {
    if (error instanceof EgressDenied) return error.detail;
    throw error;
  }
}

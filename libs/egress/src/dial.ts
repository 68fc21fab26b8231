import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { Route } from './route.js';

/**
 * A connection to one of the checked addresses, tried in their order and with both families (RFC 8305). For a secure
 * route the certificate is verified for the name, which is also the SNI. Rejects with the socket's error, or the
 * signal's reason.
 */
export function dial(route: Route, signal: AbortSignal, secureContext?: SecureContext): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const to = { host: route.host, port: route.port, lookup: pinned(route.addresses), autoSelectFamily: true };
    const socket = route.secure
      ? connectTls({
          ...to,
          // An address is no SNI (RFC 6066); the certificate is then verified for `host`.
          servername: isIP(route.host) ? '' : route.host,
          rejectUnauthorized: true, // also where NODE_TLS_REJECT_UNAUTHORIZED says otherwise
          ALPNProtocols: ['http/1.1'],
          secureContext,
        })
      : connectTcp(to);
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      act();
    };
    const fail = (error: unknown) => {
      settle(() => reject(error));
      socket.on('error', () => {});
      socket.destroy();
    };
    const abort = () => fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', fail);
    socket.once(route.secure ? 'secureConnect' : 'connect', () => settle(() => resolve(socket)));
  });
}

/** Answers with the checked addresses whatever is asked, so that no second look-up can say something else. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all) callback(null, all);
    else callback(null, all[0]?.address ?? '', all[0]?.family);
  };
}

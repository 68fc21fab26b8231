import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { atEndOfFile } from './cleanup.js';

/** A Supabase-shaped issuer: one ES256 key, a JWKS address, and tokens with the claims that Supabase Auth gives. */
export type TestIssuer = {
  jwksUrl: string;
  issuer: string;
  /** A token; `claims` overrides or, with undefined, removes a claim. */
  token(claims?: JWTPayload & { app_metadata?: object; role?: string }): Promise<string>;
  close(): Promise<void>;
};

/** Starts an issuer on a free port; stopped at the end of the test file at the latest. */
export async function testIssuer(): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const kid = randomUUID();
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }] });
  const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(jwks));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}/auth/v1`;
  const close = atEndOfFile(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    jwksUrl: `${issuer}/.well-known/jwks.json`,
    issuer,
    token: (claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({
        iss: issuer,
        sub: randomUUID(),
        aud: 'authenticated',
        exp: now + 3600,
        iat: now,
        email: 'awa@example.test',
        phone: '',
        role: 'authenticated',
        aal: 'aal1',
        session_id: randomUUID(),
        is_anonymous: false,
        app_metadata: { provider: 'email' },
        user_metadata: {},
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
        .sign(privateKey);
    },
    close,
  };
}

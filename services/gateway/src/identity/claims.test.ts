import { describe, expect, it } from 'vitest';
import { identityOf, principalOf } from './claims.js';
import { claims, ISSUER, USER } from './issuer.fixture.js';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const EXPECTED = { issuer: ISSUER, audience: 'authenticated' };

const identity = (changes: Record<string, unknown> = {}, alg: 'ES256' | 'HS256' = 'ES256') =>
  identityOf(claims(NOW, changes), alg, EXPECTED);
const principal = (changes: Record<string, unknown> = {}, hint?: string) => principalOf(identity(changes), hint);

const unauthenticated = expect.objectContaining({ code: 'unauthenticated' });
const forbidden = expect.objectContaining({ code: 'forbidden' });

describe('issuer and audience', () => {
  it.each([
    { iss: undefined },
    { iss: 'supabase' },
    { iss: `${ISSUER}/` },
    { iss: [ISSUER] },
    { aud: undefined },
    { aud: 'other' },
    { aud: [] },
    { aud: '' },
  ])('refuses %j', (changes) => {
    expect(() => identity(changes)).toThrow(unauthenticated);
  });
});

describe('role', () => {
  it.each(['anon', 'postgres', '', undefined, ['authenticated'], 'Authenticated'])('gives %j no access', (role) => {
    expect(() => identity({ role })).toThrow(forbidden);
  });

  it.each([undefined, '', 'ada', `${USER}x`, 42])('refuses a user with the sub %j', (sub) => {
    expect(() => identity({ sub })).toThrow(unauthenticated);
  });
});

describe('tenant', () => {
  it('comes from app_metadata, never from user_metadata', () => {
    expect(principal({ app_metadata: { tenant_id: 'acme' } }).tenant).toBe('acme');
    expect(principal({ user_metadata: { tenant_id: 'acme' } }).tenant).toBe(USER);
    expect(principal({ app_metadata: undefined, tenant_id: 'acme' }).tenant).toBe(USER);
  });

  it.each(['', '..', '.hidden', 'a/b', 'a b', 'x'.repeat(129), 42, {}, ['acme'], 'ä', 'a\n'])(
    'is never %j',
    (tenant_id) => {
      expect(() => identity({ app_metadata: { tenant_id } })).toThrow(forbidden);
    },
  );

  it('may be repeated in the header, but not replaced', () => {
    expect(principal({ app_metadata: { tenant_id: 'acme' } }, 'acme').tenant).toBe('acme');
    expect(() => principal({ app_metadata: { tenant_id: 'acme' } }, 'globex')).toThrow(forbidden);
    expect(() => principal({}, 'globex')).toThrow(forbidden);
  });

  it('of a service_role token comes from the token or the header, and must come', () => {
    const service = { role: 'service_role', sub: undefined };
    expect(principal(service, 'acme')).toMatchObject({ tenant: 'acme', actor: 'service_role' });
    expect(principal({ ...service, app_metadata: { tenant_id: 'acme' } }).tenant).toBe('acme');
    expect(() => principal(service)).toThrow(
      expect.objectContaining({ detail: expect.stringContaining('Tandem-Tenant') }),
    );
    expect(() => principal(service, '../x')).toThrow(forbidden);
  });
});

describe('legacy API keys', () => {
  const apiKey = { iss: 'supabase', ref: 'project', role: 'service_role', exp: NOW / 1000 + 60 };

  it('are taken when the legacy secret signed them', () => {
    expect(principalOf(identityOf(apiKey, 'HS256', EXPECTED), 'acme')).toMatchObject({
      role: 'service_role',
      tenant: 'acme',
    });
  });

  it('are refused from any other key, with the claims of a user, and for anon', () => {
    expect(() => identityOf(apiKey, 'ES256', EXPECTED)).toThrow(unauthenticated);
    expect(() => identityOf({ ...apiKey, sub: USER }, 'HS256', EXPECTED)).toThrow(unauthenticated);
    expect(() => identityOf({ ...apiKey, role: 'authenticated' }, 'HS256', EXPECTED)).toThrow(unauthenticated);
    expect(() => identityOf({ ...apiKey, role: 'anon' }, 'HS256', EXPECTED)).toThrow(forbidden);
  });
});

describe('scopes', () => {
  it.each([
    [undefined, 'all'],
    [[], new Set()],
    [['media:write', 7], new Set(['media:write'])],
    ['all', new Set()],
    [{ all: true }, new Set()],
  ])('of %j are %j', (scopes, expected) => {
    expect(identity({ app_metadata: { scopes } }).scopes).toEqual(expected);
  });
});

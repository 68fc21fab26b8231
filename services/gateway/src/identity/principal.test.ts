import { expect, it } from 'vitest';
import { allows, type Principal } from './principal.js';

const ada: Principal = { tenant: 'acme', actor: 'ada', role: 'authenticated', scopes: 'all', expiresAt: 0 };

it('allows everything without a list of scopes', () => {
  expect(allows(ada, 'media:write')).toBe(true);
});

it('allows exactly the listed scopes', () => {
  const limited = { ...ada, scopes: new Set(['media:write']) };
  expect(allows(limited, 'media:write')).toBe(true);
  expect(allows(limited, 'media:read')).toBe(false);
  expect(allows({ ...ada, scopes: new Set() }, 'media:write')).toBe(false);
});

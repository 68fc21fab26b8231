import { describe, expect, test } from 'vitest';
import { SigningKeys } from './signing-keys.js';

const [OLD, NEW] = [`2025:${'a'.repeat(32)}`, `2026:${'b'.repeat(32)}`];

describe('signing keys', () => {
  test('verify what they signed, and nothing else', () => {
    const keys = new SigningKeys([NEW]);
    const signature = keys.sign('/v1/objects/1?expires=5')!;
    expect(signature.keyId).toBe('2026');
    expect(keys.verify('/v1/objects/1?expires=5', signature)).toBe(true);
    expect(keys.verify('/v1/objects/1?expires=6', signature)).toBe(false);
    expect(keys.verify('/v1/objects/1?expires=5', { ...signature, value: '' })).toBe(false);
    expect(keys.verify('/v1/objects/1?expires=5', { ...signature, value: signature.value.slice(0, -2) })).toBe(false);
  });

  test('rotate: the first signs, the old ones verify until they are taken away', () => {
    const signature = new SigningKeys([OLD]).sign('x')!;
    expect(new SigningKeys([NEW, OLD]).verify('x', signature)).toBe(true);
    expect(new SigningKeys([NEW, OLD]).sign('x')!.keyId).toBe('2026');
    expect(new SigningKeys([NEW]).verify('x', signature)).toBe(false);
    expect(new SigningKeys([NEW]).verify('x', { ...signature, keyId: '2026' })).toBe(false);
  });

  test('that are not there sign and verify nothing', () => {
    const none = new SigningKeys([]);
    expect([none.configured, none.sign('x')]).toEqual([false, undefined]);
    expect(none.verify('x', { keyId: '', value: '' })).toBe(false);
    expect(none.verify('x', new SigningKeys([OLD]).sign('x')!)).toBe(false);
  });

  test('that are malformed are refused without showing them', () => {
    expect(() => new SigningKeys(['short:key'])).toThrow('SIGNING_KEYS: entry 1 must read id:secret');
    expect(() => new SigningKeys([OLD, OLD])).toThrow('SIGNING_KEYS: the id 2025 stands there twice');
    expect(() => new SigningKeys([`2025 ${'a'.repeat(32)}`])).not.toThrow('aaaa');
  });
});

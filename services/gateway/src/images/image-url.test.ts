import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SigningKeys } from '../http/signing-keys.js';
import { parseImageUrl, signedText, signImageUrl, verifyImageUrl } from './image-url.js';

const SECRET = 'change-me-change-me-change-me-32';
const OLD = 'an-older-secret-of-32-characters!';
const keys = new SigningKeys([`k1:${SECRET}`]);
const PATH = '/v1/images/0197c1f4-6a3e-7d55-9b0e-3f6f1c2d4e5f/card';
const NOW = 1_799_000_000_000;
const signed = signImageUrl(keys, PATH, { expires: 1_800_000_000, v: 3 })!;
const verify = (url: string, with_ = keys, now = NOW) => verifyImageUrl(with_, parseImageUrl(url), now);

describe('the signature of an image URL', () => {
  // The worked example of docs/how-to/images.md.
  test('is what the guide says', () => {
    const text = `${PATH}?expires=1800000000&key=k1&v=3`;
    const signature = createHmac('sha256', SECRET).update(text).digest('base64url');
    expect(signature).toBe('Mxn7MNTc0RXWcf8WDJtayyOLTHTkZf_KW1Xg3wr-Lnc');
    expect(signed).toBe(`${text}&signature=${signature}`);
    expect(verify(signed)).toBe(1_800_000_000);
  });

  test('does not depend on the order of the parameters', () => {
    const [path, search] = signed.split('?');
    const reversed = `${path}?${search!.split('&').reverse().join('&')}`;
    expect(reversed).not.toBe(signed);
    expect(verify(reversed)).toBe(1_800_000_000);
  });

  test.each([
    ['another object', signed.replace('4e5f/', '4e50/')],
    ['another preset', signed.replace('/card', '/full')],
    ['a later expiry', signed.replace('expires=1800000000', 'expires=1809999999')],
    ['another version', signed.replace('v=3', 'v=4')],
    ['no version', signed.replace('&v=3', '')],
    ['one parameter more', `${signed}&tenant=acme`],
    ['an option more', `${signed}&width=9000`],
    ['the id of another key', signed.replace('key=k1', 'key=k2')],
    ['another signature', signed.replace(/signature=./, 'signature=_')],
    ['a shorter signature', signed.slice(0, -4)],
    ['an empty signature', signed.replace(/signature=.*/, 'signature=')],
    ['something after a second question mark', `${signed}?x=1`],
    ['padding behind the signature', `${signed}=`],
    ['an empty parameter', `${signed}&`],
    ['no expiry', signed.replace('expires=1800000000&', '')],
    ['a path before it', `/v1/images/..${signed}`],
  ])('does not cover %s', (_what, url) => {
    expect(() => verify(url)).toThrow('not valid, or it has expired');
  });

  test('ends with the link', () => {
    expect(verify(signed, keys, 1_799_999_999_999)).toBe(1_800_000_000);
    expect(() => verify(signed, keys, 1_800_000_000_000)).toThrow('expired');
  });

  test('holds through a rotation, until the old key is taken away', () => {
    const before = signImageUrl(new SigningKeys([`old:${OLD}`]), PATH, { expires: 1_800_000_000 })!;
    const both = new SigningKeys([`k1:${SECRET}`, `old:${OLD}`]);
    expect(verify(before, both)).toBe(1_800_000_000);
    expect(signImageUrl(both, PATH, { expires: 1 })).toContain('key=k1');
    expect(() => verify(before, keys)).toThrow('not valid');
  });

  test('is neither made nor believed without a key', () => {
    const none = new SigningKeys([]);
    expect(signImageUrl(none, PATH, { expires: 1_800_000_000 })).toBeUndefined();
    expect(() => verify(signed, none)).toThrow('not valid');
    const empty = createHmac('sha256', '')
      .update(signedText(parseImageUrl(signed)))
      .digest('base64url');
    expect(() => verify(signed.replace(/signature=.*/, `signature=${empty}`), none)).toThrow('not valid');
    const dummy = createHmac('sha256', 'no such key')
      .update(signedText(parseImageUrl(signed)))
      .digest('base64url');
    expect(() => verify(signed.replace(/signature=.*/, `signature=${dummy}`), none)).toThrow('not valid');
  });
});

test('a parameter that stands in a URL twice is refused', () => {
  expect(() => parseImageUrl(`${PATH}?v=1&v=2`)).toThrow('twice');
});

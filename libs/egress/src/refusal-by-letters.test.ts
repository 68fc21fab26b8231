import { expect, test } from 'vitest';
import { refusalByLetters } from './refusal-by-letters.js';

test.each([
  'http://127.0.0.1/',
  'http://0x7f.1/',
  'http://[::1]/',
  'http://[::ffff:10.0.0.1]/',
  'http://169.254.169.254/latest/meta-data/',
  'https://10.1.2.3:8443/',
  'https://app.example:25/',
  'ftp://app.example/',
  'https://user:secret@app.example/',
])('%s is refused by its letters', (url) => {
  expect(refusalByLetters(url, {})).toEqual(expect.any(String));
  expect(refusalByLetters(url, {})).not.toContain('secret');
});

test.each([
  ['https://app.example/hook', {}],
  ['https://93.184.216.34/', {}],
  ['https://localhost/', {}],
  ['http://127.0.0.1:4000/', { allow: ['127.0.0.1:*'] }],
  ['https://app.example:8443/', { ports: [8443] }],
])('%s is not', (url, policy) => {
  expect(refusalByLetters(url, policy)).toBeUndefined();
});

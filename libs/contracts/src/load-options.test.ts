import { expect, test } from 'vitest';
import { RenderDocument } from './documents.js';

const faultsOf = (load: unknown, source: object = { url: 'https://example.org/' }, more: object = {}) => {
  const parsed = RenderDocument.input.safeParse({ source, load, ...more });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('/')}: ${message}`);
};
const cookie = (name: string, value = 'a') => ({ cookies: [{ name, value }] });

test('cookies are for a URL, and cannot bring other headers along', () => {
  expect(faultsOf(cookie('session', 'abc=%20'))).toEqual([]);
  expect(faultsOf(cookie('session'), { html: 'x' })).toEqual(['load/cookies: are for source.url only']);
  for (const [name, value] of [
    ['a=b', 'x'],
    ['a b', 'x'],
    ['a', 'x; Domain=.org'],
    ['a', 'x\r\nHost: b'],
    ['a', 'é'],
    ['', ''],
  ])
    expect(faultsOf(cookie(name!, value))).toEqual([expect.stringMatching(/^load\/cookies\/0\/(name|value): must/)]);
  expect(faultsOf({ cookies: [cookie('a').cookies[0], cookie('a').cookies[0]] })).toEqual([
    'load/cookies: every cookie needs a name of its own',
  ]);
  expect(faultsOf({ ...cookie('a'), headers: { cookie: 'b=1' } })).toEqual([
    'load/headers: name cookies either in headers or in cookies',
  ]);
});

test('the status of a page is looked at where there is one', () => {
  expect(faultsOf({ onErrorStatus: 'report' })).toEqual([]);
  expect(faultsOf({ onErrorStatus: 'report' }, { html: 'x' })).toEqual(['load/onErrorStatus: is for source.url only']);
});

test('what screen readers can follow has tags', () => {
  expect(faultsOf({}, { html: 'x' }, { pdf: { accessible: true, tagged: false } })).toEqual([
    'pdf/tagged: must not be false with pdf.accessible, which rests upon tags',
  ]);
});

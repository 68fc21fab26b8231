import { expect, test } from 'vitest';
import { Locale } from './locale.js';

test.each(['fr', 'fr-SN', 'zh-Hant-TW', 'wo'])('%s is a locale', (locale) => {
  expect(Locale.safeParse(locale).success).toBe(true);
});

test.each(['', 'FR', 'french', 'fr_SN', 'fr-FR-SN', 'en-a1'])('%j is none, and the message says what is', (locale) => {
  expect(Locale.safeParse(locale).error?.issues[0]?.message).toBe('must be a language, such as fr-SN');
});

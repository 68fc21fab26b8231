import { z } from 'zod';

/** A language, with a country where that matters: a tag of BCP 47 that `Intl` takes. */
export const Locale = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language, such as fr-SN')
  .refine(isKnownToIntl, { abort: true, message: 'must be a language, such as fr-SN' });

/** What looks like a tag may still be none: `fr-FR-SN`. */
function isKnownToIntl(locale: string): boolean {
  try {
    return Intl.getCanonicalLocales(locale).length === 1;
  } catch {
    return false;
  }
}

import type { TemplateBundle } from '@tandem/contracts/template';

type Locales = TemplateBundle['locales'];

/** The texts of a template in one language, with others to fall back to. */
export interface Texts {
  /** Language of the texts that were found; undefined for a template without texts. */
  locale: string | undefined;
  /** The text of a key; the form of `count` where there are forms (`items.one`, `items.other`). */
  find(key: string, count?: number): { text: string; locale: string } | undefined;
}

/** Chooses texts for a language: its own, those of its kin (`fr` for `fr-SN`, `fr-FR` for `fr`), then the first ones. */
export function textsFor(locales: Locales, wanted: string): Texts {
  const names = Object.keys(locales);
  const language = languageOf(wanted);
  const ranked = [
    ...names.filter((name) => name.toLowerCase() === wanted.toLowerCase()),
    ...names.filter((name) => name === language),
    ...names.filter((name) => languageOf(name) === language),
    ...names.slice(0, 1),
  ].filter((name, index, all) => all.indexOf(name) === index);
  return {
    locale: ranked[0],
    find(key, count) {
      for (const locale of ranked) {
        const text = textOf(locales[locale]!, locale, key, count);
        if (text !== undefined) return { text, locale };
      }
      return undefined;
    },
  };
}

/** The language of a locale: `fr` of `fr-SN`. */
export function languageOf(locale: string): string {
  return locale.split('-')[0]!.toLowerCase();
}

/** `{name}` in a text becomes the parameter of that name; what has none stays as it is. */
export function fillText(text: string, parameters: ReadonlyMap<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => parameters.get(name) ?? place);
}

function textOf(
  texts: Record<string, string>,
  locale: string,
  key: string,
  count: number | undefined,
): string | undefined {
  const form = count === undefined ? undefined : new Intl.PluralRules(locale).select(count);
  const keys = form ? [`${key}.${form}`, `${key}.other`, key] : [key];
  const found = keys.find((candidate) => Object.hasOwn(texts, candidate));
  return found === undefined ? undefined : texts[found];
}

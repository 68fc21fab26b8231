/** What a currency and its parts are called when they are counted. */
export interface CurrencyNames {
  one: string;
  many: string;
  /** Of its hundredth; without it the rest is written as 50/100. */
  minor?: { one: string; many: string };
  feminine?: boolean;
}

const CENTIME = { one: 'centime', many: 'centimes' };
const CENT = { one: 'cent', many: 'cents' };

const FRENCH: Record<string, CurrencyNames> = {
  XOF: { one: 'franc CFA', many: 'francs CFA' },
  XAF: { one: 'franc CFA', many: 'francs CFA' },
  EUR: { one: 'euro', many: 'euros', minor: CENTIME },
  USD: { one: 'dollar', many: 'dollars', minor: CENT },
  CAD: { one: 'dollar canadien', many: 'dollars canadiens', minor: CENT },
  GBP: { one: 'livre sterling', many: 'livres sterling', minor: { one: 'penny', many: 'pence' }, feminine: true },
  CHF: { one: 'franc suisse', many: 'francs suisses', minor: CENTIME },
  MAD: { one: 'dirham', many: 'dirhams', minor: CENTIME },
  CDF: { one: 'franc congolais', many: 'francs congolais', minor: CENTIME },
};

const ENGLISH: Record<string, CurrencyNames> = {
  XOF: { one: 'CFA franc', many: 'CFA francs' },
  XAF: { one: 'CFA franc', many: 'CFA francs' },
  EUR: { one: 'euro', many: 'euros', minor: CENT },
  USD: { one: 'dollar', many: 'dollars', minor: CENT },
  CAD: { one: 'Canadian dollar', many: 'Canadian dollars', minor: CENT },
  GBP: { one: 'pound sterling', many: 'pounds sterling', minor: { one: 'penny', many: 'pence' } },
  NGN: { one: 'naira', many: 'naira', minor: { one: 'kobo', many: 'kobo' } },
  GHS: { one: 'cedi', many: 'cedis', minor: { one: 'pesewa', many: 'pesewas' } },
  KES: { one: 'shilling', many: 'shillings', minor: CENT },
};

const FEMININE = /^(?:couronne|livre|roupie|lire|hryvnia)/;

/** Names of a currency by ISO 4217; those that are not listed here are the ones of CLDR, by way of Intl. */
export function currencyNames(language: 'fr' | 'en', currency: string): CurrencyNames {
  const listed = (language === 'fr' ? FRENCH : ENGLISH)[currency];
  if (listed) return listed;
  const [one, many] = [1, 2].map((count) => intlName(language, currency, count)) as [string, string];
  return { one, many, feminine: language === 'fr' && FEMININE.test(one) };
}

function intlName(language: string, currency: string, count: number): string {
  const format = new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    currencyDisplay: 'name',
    maximumFractionDigits: 0,
  });
  return format.formatToParts(count).find(({ type }) => type === 'currency')!.value;
}

const SMALL =
  'zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf'.split(
    ' ',
  );
const TENS = [
  '',
  '',
  'vingt',
  'trente',
  'quarante',
  'cinquante',
  'soixante',
  'soixante',
  'quatre-vingt',
  'quatre-vingt',
];
/** Words of a million and up are nouns, unlike `mille`: they take an s, and leave that of `cents` and `quatre-vingts`. */
const NOUNS = ['million', 'milliard', 'billion', 'billiard', 'trillion'];

/**
 * A whole number from 0 to below 10^21 in French letters, as France and West Africa count (soixante-dix, quatre-vingt-dix),
 * with the hyphens from before 1990: between what is less than a hundred, but for `et`.
 */
export function frenchWords(value: bigint): string {
  if (value === 0n) return SMALL[0]!;
  const words: string[] = [];
  let rest = value / 1_000_000n;
  for (const noun of NOUNS) {
    const group = Number(rest % 1_000n);
    if (group) words.unshift(`${belowThousand(group, true)} ${noun}${group > 1 ? 's' : ''}`);
    rest /= 1_000n;
  }
  const thousands = Number((value / 1_000n) % 1_000n);
  // `mille` is a numeral: "deux cent mille", "quatre-vingt mille", and never "un mille".
  if (thousands) words.push(thousands === 1 ? 'mille' : `${belowThousand(thousands, false)} mille`);
  const ones = Number(value % 1_000n);
  if (ones) words.push(belowThousand(ones, true));
  return words.join(' ');
}

/** Whether the words end in a noun, which `de` follows: un million de francs. */
export function endsInNoun(value: bigint): boolean {
  return value > 0n && value % 1_000_000n === 0n;
}

/** `plural`: whether `cent` and `vingt` take an s where nothing follows them in the number. */
function belowThousand(value: number, plural: boolean): string {
  const hundreds = Math.floor(value / 100);
  const rest = value % 100;
  const words: string[] = [];
  if (hundreds) {
    const many = hundreds > 1 && plural && rest === 0;
    words.push(`${hundreds > 1 ? `${SMALL[hundreds]} ` : ''}cent${many ? 's' : ''}`);
  }
  if (rest) words.push(belowHundred(rest, plural));
  return words.join(' ');
}

function belowHundred(value: number, plural: boolean): string {
  if (value < 20) return SMALL[value]!;
  const ten = Math.floor(value / 10);
  const ones = value - (ten === 7 || ten === 9 ? ten - 1 : ten) * 10;
  if (ones === 0) return ten === 8 && plural ? 'quatre-vingts' : TENS[ten]!;
  // 21 to 71 say "et"; 81 and 91 do not.
  if ((ones === 1 || ones === 11) && ten < 8) return `${TENS[ten]} et ${SMALL[ones]}`;
  return `${TENS[ten]}-${SMALL[ones]}`;
}

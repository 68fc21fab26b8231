const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const SCALES = ['', ' thousand', ' million', ' billion', ' trillion', ' quadrillion', ' quintillion'];

/** A whole number from 0 to below 10^21 in English letters, in the short scale and without "and". */
export function englishWords(value: bigint): string {
  if (value === 0n) return SMALL[0]!;
  const words: string[] = [];
  let rest = value;
  for (const scale of SCALES) {
    const group = Number(rest % 1_000n);
    if (group) words.unshift(`${belowThousand(group)}${scale}`);
    rest /= 1_000n;
  }
  return words.join(' ');
}

function belowThousand(value: number): string {
  const hundreds = Math.floor(value / 100);
  const rest = value % 100;
  return [hundreds && `${SMALL[hundreds]} hundred`, rest && belowHundred(rest)].filter(Boolean).join(' ');
}

function belowHundred(value: number): string {
  if (value < 20) return SMALL[value]!;
  const ones = value % 10;
  return ones ? `${TENS[Math.floor(value / 10)]}-${SMALL[ones]}` : TENS[value / 10]!;
}

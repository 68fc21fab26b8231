import type { Texts } from '../texts.js';

/** Signs of units that are the same in every language, by their codes of UN/ECE Recommendation 20. */
const SIGNS = new Map([
  ['KGM', 'kg'],
  ['GRM', 'g'],
  ['TNE', 't'],
  ['LTR', 'l'],
  ['MTR', 'm'],
  ['CMT', 'cm'],
  ['KMT', 'km'],
  ['MTK', 'm²'],
  ['MTQ', 'm³'],
  ['KWH', 'kWh'],
]);

/** A unit by its code: the text `unit.HUR` of the template, or its sign, or the code itself. */
export function unitName(code: string, texts: Texts): string {
  return texts.find(`unit.${code}`)?.text ?? SIGNS.get(code) ?? code;
}

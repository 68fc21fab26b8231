import { ImageOptions } from '@tandem/contracts/image-options';
import { validate } from '../http/validate.js';

const COLORS = new Set(['background', 'tint']);

/**
 * Options from the query of a URL: `width=200&fit=cover&format=webp`. Whatever is one number, word or switch can be said so;
 * colours come without their #. Throws a `Problem` `invalid_input` that names the parameter.
 */
export function freeOptions(query: Record<string, string>): ImageOptions {
  const entries = Object.entries(query).map(([name, value]) => [name, optionOf(name, value)]);
  return validate(ImageOptions, Object.fromEntries(entries), 'query');
}

function optionOf(name: string, text: string): unknown {
  if (COLORS.has(name)) return `#${text}`;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  return text === 'true' ? true : text === 'false' ? false : text;
}

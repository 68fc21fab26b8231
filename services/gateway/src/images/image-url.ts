import { Problem } from '../http/problem.js';
import type { SigningKeys } from '../http/signing-keys.js';

/** What stands where a preset's name would, when the options are in the query instead. No preset can be called so. */
export const FREE = '_';

/** 32 bytes. */
const SIGNATURE = /^[\w-]{43}$/;

/** Parameters that say who may see the image; any other names an option. */
const OF_THE_LINK = ['expires', 'key', 'signature', 'tenant', 'v'] as const;

/** An image URL taken apart; values are as they stand in it, since they never need decoding. */
export interface ImageUrl {
  path: string;
  parameters: readonly (readonly [name: string, value: string])[];
  expires?: string;
  key?: string;
  signature?: string;
  /** The object must be this tenant's. */
  tenant?: string;
  /** Version of the preset. */
  v?: string;
  /** Every other parameter. */
  options: Record<string, string>;
}

/** Throws a `Problem` `invalid_input` when a parameter stands there twice: which of the two was meant? */
export function parseImageUrl(url: string): ImageUrl {
  const at = url.indexOf('?');
  const [path, search] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  const parameters = search === '' ? [] : search.split('&').map(nameAndValue);
  const parsed: ImageUrl = { path, parameters, options: {} };
  const seen = new Set<string>();
  for (const [name, value] of parameters) {
    if (seen.has(name)) throw new Problem('invalid_input', `The parameter ${name} stands there twice. Send it once.`);
    seen.add(name);
    const known = OF_THE_LINK.find((one) => one === name);
    if (known) parsed[known] = value;
    else parsed.options[name] = value;
  }
  return parsed;
}

function nameAndValue(parameter: string): readonly [string, string] {
  const at = parameter.indexOf('=');
  return at < 0 ? [parameter, ''] : [parameter.slice(0, at), parameter.slice(at + 1)];
}

/**
 * What is signed of an image URL: its path, from `/v1/` on, and all parameters but the signature, in the order of their
 * names: `/v1/images/<object>/card?expires=1790000000&key=k1&v=3`. Nobody signs another path with this beginning, so a signature made
 * for something else never fits.
 */
export function signedText({ path, parameters }: Pick<ImageUrl, 'path' | 'parameters'>): string {
  const signed = parameters.filter(([name]) => name !== 'signature').map(([name, value]) => `${name}=${value}`);
  return `${path}?${signed.sort().join('&')}`;
}

/** Signs the URL of an image; undefined when there is no key. `expires` is in seconds since the epoch. */
export function signImageUrl(
  keys: SigningKeys,
  path: string,
  parameters: Record<string, string | number>,
): string | undefined {
  // The id of the key is signed too, so it has to be known first.
  const keyId = keys.sign('')?.keyId;
  if (keyId === undefined) return undefined;
  const text = signedText({
    path,
    parameters: Object.entries({ ...parameters, key: keyId }).map(([name, value]) => [name, String(value)] as const),
  });
  return `${text}&signature=${keys.sign(text)!.value}`;
}

/**
 * Seconds since the epoch at which the link ends. Throws a `Problem` `forbidden`, the same for every reason: a bad signature, an
 * unknown key, none configured, or a link that is over.
 */
export function verifyImageUrl(keys: SigningKeys, url: ImageUrl, nowMs: number): number {
  const { key = '', signature = '', expires = '' } = url;
  const end = /^\d{1,12}$/.test(expires) ? Number(expires) : 0;
  // Node's decoder would overlook what is no base64url, and one link would have any number of spellings.
  const fits = SIGNATURE.test(signature) && keys.verify(signedText(url), { keyId: key, value: signature });
  if (fits && end * 1_000 > nowMs) return end;
  throw new Problem('forbidden', 'The link is not valid, or it has expired. Ask for a new one.');
}

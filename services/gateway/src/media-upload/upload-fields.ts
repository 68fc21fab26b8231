import { Callback } from '@tandem/contracts/callback';
import { JobOptions } from '@tandem/contracts/job-options';
import parseSafely from 'secure-json-parse';
import { z } from 'zod';
import { Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';

const Json = z.string().transform((text, ctx) => {
  try {
    return parseSafely.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' }) as unknown;
  } catch {
    ctx.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
});

const PresetNames = z.string().transform((text) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);

/** The fields of an upload beside the file, as they stand in the form. */
export const UploadFields = z.strictObject({
  renditions: Json.optional(),
  presets: PresetNames.optional(),
  placeholders: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional(),
  store: Json.optional(),
  callback: Callback.shape.url.optional(),
  name: z
    .string()
    .min(1)
    .max(255)
    .regex(/^\P{Cc}*$/u, 'must not contain control characters')
    .optional(),
});

/** What the fields ask for. */
export interface UploadWish {
  name: string | undefined;
  options: JobOptions | undefined;
  /** The input of `media.transform`, but for its source. */
  input: Record<string, unknown>;
}

/** Throws a `Problem` `invalid_input` that names a field. */
export function wishOf(fields: ReadonlyMap<string, string>): UploadWish {
  const { renditions, presets, placeholders, store, callback, name } = validate(
    UploadFields,
    Object.fromEntries(fields),
    'form',
  );
  const input = { renditions: renditions ?? presets?.map(presetRendition), placeholders, store };
  if (renditions !== undefined && presets !== undefined) refuse('/presets', 'give renditions or presets, not both');
  if (input.renditions === undefined) refuse('/renditions', 'is missing; give it as JSON, or presets with commas');
  return {
    name,
    options: callback === undefined ? undefined : JobOptions.parse({ callback: { url: callback } }),
    input: Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)),
  };
}

/** `card@3` makes the rendition `card`. */
function presetRendition(preset: string): { name: string; preset: string } {
  return { name: preset.replace(/@.*$/, ''), preset };
}

function refuse(pointer: string, detail: string): never {
  throw new Problem('invalid_input', `The form is not valid: ${pointer}: ${detail}`, [{ pointer, detail }]);
}

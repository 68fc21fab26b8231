import { ImageOptions } from '@tandem/contracts/image-options';
import { PresetName } from '@tandem/contracts/media';
import { z } from 'zod';
import { Problem } from '../http/problem.js';

/** The name of a preset, without a version. */
export const PlainName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits, "-" or "_"');

/** One version of a preset. It never changes. */
export interface Preset {
  name: string;
  version: number;
  options: ImageOptions;
  /** `file` presets stand in PRESETS_FILE and serve every tenant. */
  source: 'tenant' | 'file';
  createdAt?: Date;
}

/** A preset as the API shows it. */
export const PresetView = z
  .object({
    name: z.string().meta({ example: 'card' }),
    version: z.int(),
    options: ImageOptions,
    source: z.enum(['tenant', 'file']).meta({ description: 'file: declared by the operator, for every tenant' }),
    createdAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Preset' });
export type PresetView = z.infer<typeof PresetView>;

export function presetView({ createdAt, ...preset }: Preset): PresetView {
  return { ...preset, createdAt: createdAt?.toISOString() };
}

/** `card@3` */
export function referenceOf({ name, version }: Pick<Preset, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/** Takes `card` or `card@3` apart. Throws a `Problem` `not_found` for what can be no preset. */
export function parseReference(reference: string): { name: string; version?: number } {
  const [name = '', version] = reference.split('@');
  if (!PresetName.safeParse(reference).success) throw noPreset(reference);
  return version === undefined ? { name } : { name, version: Number(version) };
}

export function noPreset(reference: string): Problem {
  // The reference may be anything that fits into a URL.
  const shown = PresetName.safeParse(reference).success ? ` ${reference}` : ' of that name';
  return new Problem('not_found', `There is no preset${shown}. GET /v1/presets lists what there is.`);
}

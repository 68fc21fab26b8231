import { readFile } from 'node:fs/promises';
import { ImageOptions, objectsIn } from '@tandem/contracts/image-options';
import { parse } from 'secure-json-parse';
import { PlainName, type Preset } from './preset.js';

/** What PRESETS_FILE declares: of every preset its versions, the oldest first. */
export type DeclaredPresets = ReadonlyMap<string, readonly Preset[]>;

/**
 * Reads `{ "card": { "width": 320 }, "banner": [{ ... }, { ... }] }`: of a list the first is version 1, the last the newest.
 * Throws an `Error` that names every bad preset and field. Without a path there are no declared presets.
 */
export async function readPresetFile(path: string | undefined): Promise<DeclaredPresets> {
  if (path === undefined) return new Map();
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`PRESETS_FILE: ${path} cannot be read (${cause.code}).`, { cause });
  });
  return declaredPresets(jsonOf(text, path), path);
}

function jsonOf(text: string, path: string): unknown {
  try {
    return parse(text, { protoAction: 'error', constructorAction: 'error' });
  } catch (cause) {
    throw new Error(`PRESETS_FILE: ${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function declaredPresets(json: unknown, path: string): DeclaredPresets {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new Error(`PRESETS_FILE: ${path} must hold an object: the names of presets, each with its options.`);
  const faults: string[] = [];
  const presets = Object.entries(json).map(([name, value]) => {
    const versions: unknown[] = Array.isArray(value) ? value : [value];
    if (!PlainName.safeParse(name).success) faults.push(`"${name}": the name ${complaintOf(PlainName, name)}`);
    if (versions.length === 0) faults.push(`"${name}": must have at least one version`);
    const parsed = versions.map((options, index): Preset => {
      const at = Array.isArray(value) ? `"${name}" version ${index + 1}` : `"${name}"`;
      faults.push(...faultsOf(options).map((fault) => `${at}: ${fault}`));
      return { name, version: index + 1, options: options as ImageOptions, source: 'file' };
    });
    return [name, parsed] as const;
  });
  if (faults.length > 0) throw new Error(['PRESETS_FILE: some presets are not valid.', ...faults].join('\n  '));
  return new Map(presets);
}

function faultsOf(options: unknown): string[] {
  const { success, data, error } = ImageOptions.safeParse(options);
  if (!success) return error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`);
  // Objects belong to one tenant; these presets serve all.
  return objectsIn(data).map(
    ({ pointer }) => `${pointer.slice(1).replaceAll('/', '.')}: a preset of the file cannot name an object; use a text`,
  );
}

function complaintOf(schema: typeof PlainName, value: string): string {
  return schema.safeParse(value).error?.issues[0]?.message ?? '';
}

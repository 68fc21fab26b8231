import type { CommandDefinition, ResolvedPreset } from '@tandem/contracts/command';
import type { ObjectReference } from '@tandem/contracts/object';
import { type FieldError, Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import type { PresetFinder } from './find-presets.js';
import { referenceOf } from './preset.js';

const MOST_NAMES = 30;

/** A preset that an input names, and where. */
export interface NamedPreset {
  preset: string;
  pointer: string;
}

/** An input with its presets filled in. */
export interface Filled {
  input: unknown;
  /** Objects that only its presets name: their tenant vouches for those, whoever owns them. */
  references: ObjectReference[];
}

/** Puts the options of presets into the input of commands, before a job is admitted. */
export class PresetFilling {
  constructor(private readonly presets: PresetFinder) {}

  /**
   * `at` is the pointer of the input in the request. Throws a `Problem` `invalid_input`: for a preset that does not exist, with
   * those that do, and for a field that does not go with what the preset says.
   */
  async fill(
    { tenant }: Principal,
    command: CommandDefinition,
    input: unknown,
    named: NamedPreset[],
    at: string,
  ): Promise<Filled> {
    const found = new Map<string, ResolvedPreset>();
    const unknown: NamedPreset[] = [];
    for (const one of named) {
      if (found.has(one.preset)) continue;
      const preset = await this.presets.find(tenant, one.preset);
      if (preset) found.set(one.preset, { reference: referenceOf(preset), options: preset.options });
      else unknown.push(one);
    }
    if (unknown.length > 0) throw await this.#unknown(tenant, unknown, at);
    const filled = command.presets!.fill(input, (name) => found.get(name));
    const valid = this.#check(command, filled, named, found, at);
    const sent = new Set((command.reads?.(input) ?? []).map(({ pointer, id }) => `${pointer} ${id}`));
    const references = (command.reads?.(valid) ?? []).filter(({ pointer, id }) => !sent.has(`${pointer} ${id}`));
    return { input: valid, references: references.map((one) => ({ ...one, pointer: at + one.pointer })) };
  }

  #check(
    command: CommandDefinition,
    filled: unknown,
    named: NamedPreset[],
    found: Map<string, ResolvedPreset>,
    at: string,
  ): unknown {
    try {
      return validate(command.input, filled, 'body', at);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const errors = (error.errors ?? []).map(({ pointer, detail }) => {
        const by = named.find((one) => pointer.startsWith(at + one.pointer.slice(0, one.pointer.lastIndexOf('/') + 1)));
        return by
          ? { pointer, detail: `with the preset ${found.get(by.preset)!.reference}: ${detail}` }
          : { pointer, detail };
      });
      throw refusal(errors);
    }
  }

  async #unknown(tenant: string, unknown: NamedPreset[], at: string): Promise<Problem> {
    const names = (await this.presets.list(tenant)).map(referenceOf);
    const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
    const there =
      names.length === 0 ? 'there are none yet' : `the newest are ${names.slice(0, MOST_NAMES).join(', ')}${more}`;
    return refusal(
      unknown.map(({ preset, pointer }) => ({
        pointer: at + pointer,
        detail: `there is no preset ${preset}; ${there}`,
      })),
    );
  }
}

function refusal(errors: FieldError[]): Problem {
  const [first] = errors;
  return new Problem('invalid_input', `The request is not valid: ${first?.pointer}: ${first?.detail}`, errors);
}

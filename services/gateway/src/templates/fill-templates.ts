import type { CommandDefinition } from '@tandem/contracts/command';
import { type FieldError, Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import type { DataChecks } from './check-data.js';
import type { TemplateFinder } from './find-templates.js';
import { referenceOf } from './template.js';

const MOST_NAMES = 30;

/** The template that an input names, and the data for it. */
export interface NamedTemplate {
  template: string;
  data: unknown;
}

/** Puts the exact version of a template into the input of commands, and checks their data, before a job is admitted. */
export class TemplateFilling {
  constructor(
    private readonly templates: TemplateFinder,
    private readonly checks: DataChecks,
  ) {}

  /**
   * `at` is the pointer of the input in the request. Throws a `Problem` `invalid_input`: for a template that does not exist,
   * with those that do, and for every field of the data that does not fit its schema.
   */
  async fill(
    { tenant }: Principal,
    command: CommandDefinition,
    input: unknown,
    { template: name, data }: NamedTemplate,
    at: string,
  ): Promise<unknown> {
    const use = command.templates!;
    const template = await this.templates.find(tenant, name);
    if (!template) throw await this.#unknown(tenant, name, at + use.at.template);
    const errors = this.checks.check(tenant, template, data, at + use.at.data);
    if (errors.length > 0) throw unfitData(referenceOf(template), errors);
    return use.fill(input, referenceOf(template));
  }

  async #unknown(tenant: string, name: string, pointer: string): Promise<Problem> {
    const names = (await this.templates.list(tenant)).map(referenceOf);
    const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
    const there =
      names.length === 0 ? 'there are none yet' : `the newest are ${names.slice(0, MOST_NAMES).join(', ')}${more}`;
    const detail = `there is no template ${name}; ${there}`;
    return new Problem('invalid_input', `The request is not valid: ${pointer}: ${detail}`, [{ pointer, detail }]);
  }
}

/** Data that does not fit the schema of a template. */
export function unfitData(reference: string, errors: FieldError[]): Problem {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new Problem(
    'invalid_input',
    `The data does not fit the template ${reference}: ${first!.pointer}: ${first!.detail}${more}`,
    errors,
  );
}

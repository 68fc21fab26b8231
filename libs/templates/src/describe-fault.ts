import type { ErrorObject } from 'ajv';
import { pointerKeys, pointerStep } from './template-fault.js';

/** A field of data that does not fit: a JSON pointer into the data, and what to change. */
export interface DataFault {
  pointer: string;
  detail: string;
}

const FORMATS: Record<string, string> = {
  date: 'a date such as 2026-11-30',
  'date-time': 'a time with its zone, such as 2026-11-30T08:30:00Z',
  email: 'an e-mail address',
  uri: 'an address such as https://example.org/',
  uuid: 'a UUID',
};
const TYPES: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a text',
};
const MOST_VALUES = 20;

/** What is wrong with data, told to who sent it. Values of the data are never repeated. */
export function describeFaults(errors: readonly ErrorObject[], data: unknown, most: number): DataFault[] {
  const told = new Map<string, Set<string>>();
  // What is said of the branches of anyOf and oneOf says more than that none fits.
  const branches = errors.filter(({ keyword }) => !['anyOf', 'oneOf', 'if', 'not'].includes(keyword));
  for (const error of branches.length > 0 ? branches : errors) {
    const { pointer, detail } = faultOf(error, data);
    const details = told.get(pointer) ?? new Set();
    if (told.size >= most && !told.has(pointer)) break;
    told.set(pointer, details.add(detail));
  }
  return [...told].map(([pointer, details]) => ({ pointer, detail: [...details].slice(0, 4).join(', or ') }));
}

function faultOf({ keyword, instancePath, params, message }: ErrorObject, data: unknown): DataFault {
  const at = (detail: string, key?: unknown): DataFault => ({
    pointer: key === undefined ? instancePath : `${instancePath}${pointerStep(String(key))}`,
    detail,
  });
  switch (keyword) {
    case 'required':
      return at('is missing', params.missingProperty);
    case 'dependentRequired':
      return at(`is missing; it belongs to ${params.property}`, params.missingProperty);
    case 'additionalProperties':
      return at('unknown field; remove it or correct its name', params.additionalProperty);
    case 'unevaluatedProperties':
      return at('unknown field; remove it or correct its name', params.unevaluatedProperty);
    case 'false schema':
      return at('unknown field; remove it');
    case 'type':
      return at(`must be ${typesOf(params.type)}, not ${TYPES[typeOf(valueAt(data, instancePath))]}`);
    case 'enum':
      return at(`must be one of ${listOf(params.allowedValues)}`);
    case 'const':
      return at(`must be ${JSON.stringify(params.allowedValue)}`);
    case 'format':
      return at(`must be ${FORMATS[params.format] ?? `a text of the format ${params.format}`}`);
    case 'minLength':
      return at(params.limit === 1 ? 'must not be empty' : `must have at least ${params.limit} characters`);
    case 'maxLength':
      return at(`must have at most ${params.limit} characters`);
    case 'minItems':
      return at(`must have at least ${params.limit} ${params.limit === 1 ? 'entry' : 'entries'}`);
    case 'maxItems':
      return at(`must have at most ${params.limit} ${params.limit === 1 ? 'entry' : 'entries'}`);
    case 'minimum':
      return at(`must be at least ${params.limit}`);
    case 'maximum':
      return at(`must be at most ${params.limit}`);
    case 'exclusiveMinimum':
      return at(`must be more than ${params.limit}`);
    case 'exclusiveMaximum':
      return at(`must be less than ${params.limit}`);
    case 'multipleOf':
      return at(`must be a multiple of ${params.multipleOf}`);
    case 'pattern':
      return at(`must match the pattern ${params.pattern}`);
    case 'uniqueItems':
      return at(`must hold nothing twice: entries ${params.j} and ${params.i} are equal`);
    case 'propertyNames':
      return at('has a name that is not allowed here', params.propertyName);
    default:
      return at(message ?? 'does not fit the schema');
  }
}

function typesOf(types: string | string[]): string {
  return [types]
    .flat()
    .map((type) => TYPES[type] ?? type)
    .join(' or ');
}

function listOf(values: unknown[]): string {
  const shown = values.slice(0, MOST_VALUES).map((value) => JSON.stringify(value));
  return values.length > MOST_VALUES ? `${shown.join(', ')} and ${values.length - MOST_VALUES} more` : shown.join(', ');
}

function valueAt(data: unknown, pointer: string): unknown {
  return pointerKeys(pointer).reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], data);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

import { RE2JS } from 're2js';
import { pointerStep, type TemplateFault } from './template-fault.js';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const MOST_BYTES = 200_000;
const MOST_SCHEMAS = 5_000;
const MOST_DEPTH = 64;
const MOST_FAULTS = 20;

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const ONE = [
  'additionalProperties',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
];
const LIST = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const NAMED = ['$defs', 'dependentSchemas', 'patternProperties', 'properties'];
const OTHER = [
  '$anchor',
  '$comment',
  '$dynamicAnchor',
  '$dynamicRef',
  '$id',
  '$ref',
  '$schema',
  'const',
  'contentEncoding',
  'contentMediaType',
  'default',
  'dependentRequired',
  'deprecated',
  'description',
  'enum',
  'examples',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'format',
  'maxContains',
  'maxItems',
  'maxLength',
  'maxProperties',
  'maximum',
  'minContains',
  'minItems',
  'minLength',
  'minProperties',
  'minimum',
  'multipleOf',
  'pattern',
  'readOnly',
  'required',
  'title',
  'type',
  'uniqueItems',
  'writeOnly',
];
const KEYWORDS = new Set([...ONE, ...LIST, ...NAMED, ...OTHER]);

/**
 * What keeps a JSON Schema from being taken, apart from the rules of JSON Schema itself: its size, words that it does not
 * have (slips), references that lead out of it, and patterns that need more than linear time.
 */
export function checkSchemaShape(schema: Record<string, unknown>, formats: ReadonlySet<string>): TemplateFault[] {
  const faults: TemplateFault[] = [];
  const fault = (pointer: string, detail: string) => void faults.push({ pointer, detail });
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  if (bytes > MOST_BYTES) return [{ pointer: '', detail: `has ${bytes} bytes of JSON; ${MOST_BYTES} are allowed` }];
  const open: { value: unknown; pointer: string; depth: number }[] = [{ value: schema, pointer: '', depth: 1 }];
  let seen = 0;
  for (let next = open.pop(); next && faults.length < MOST_FAULTS; next = open.pop()) {
    const { value, pointer, depth } = next;
    seen += 1;
    if (seen > MOST_SCHEMAS) return [{ pointer: '', detail: `holds more than ${MOST_SCHEMAS} schemas` }];
    if (depth > MOST_DEPTH) return [{ pointer, detail: `lies deeper than ${MOST_DEPTH} schemas; use $defs and $ref` }];
    if (typeof value === 'boolean') continue;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      fault(pointer, 'must be a schema: an object, true or false');
      continue;
    }
    checkWords(value as Record<string, unknown>, pointer, formats, fault);
    for (const child of childrenOf(value as Record<string, unknown>, pointer))
      open.push({ ...child, depth: depth + 1 });
  }
  return faults;
}

type Tell = (pointer: string, detail: string) => void;

function checkWords(schema: Record<string, unknown>, pointer: string, formats: ReadonlySet<string>, fault: Tell): void {
  for (const word of Object.keys(schema))
    if (!KEYWORDS.has(word) && !word.startsWith('x-'))
      fault(`${pointer}${pointerStep(word)}`, 'is no word of JSON Schema 2020-12; correct it, or begin it with x-');
  const { $schema, $id, $ref, $dynamicRef, format, pattern, patternProperties } = schema;
  if ($schema !== undefined && (pointer !== '' || String($schema).replace(/#$/, '') !== DIALECT))
    fault(`${pointer}/$schema`, `must be ${DIALECT}, at the root only, or left out`);
  if ($id !== undefined && pointer !== '') fault(`${pointer}/$id`, 'may stand at the root only; use $anchor or $defs');
  for (const [word, reference] of Object.entries({ $ref, $dynamicRef }))
    if (reference !== undefined && !String(reference).startsWith('#'))
      fault(`${pointer}/${word}`, 'must stay within the schema, such as #/$defs/line; nothing is fetched');
  if (typeof format === 'string' && !formats.has(format))
    fault(`${pointer}/format`, `is not known; the formats are ${[...formats].sort().join(', ')}`);
  if (typeof pattern === 'string') checkPattern(pattern, `${pointer}/pattern`, fault);
  for (const key of Object.keys(objectOf(patternProperties)))
    checkPattern(key, `${pointer}/patternProperties${pointerStep(key)}`, fault);
}

function checkPattern(pattern: string, pointer: string, fault: Tell): void {
  try {
    linearPattern(pattern);
  } catch (error) {
    const why = (error as Error).message.replace(/^error parsing regexp: /, '');
    fault(pointer, `is no pattern of RE2, which has no look-around and no back-references: ${why}`);
  }
}

/** A pattern that takes linear time whatever the text. Throws for what it cannot do. */
export function linearPattern(pattern: string): RE2JS {
  return RE2JS.compile(RE2JS.translateRegExp(pattern));
}

function* childrenOf(schema: Record<string, unknown>, pointer: string): Generator<{ value: unknown; pointer: string }> {
  for (const word of ONE) if (schema[word] !== undefined) yield { value: schema[word], pointer: `${pointer}/${word}` };
  for (const word of LIST)
    if (Array.isArray(schema[word]))
      for (const [index, value] of schema[word].entries()) yield { value, pointer: `${pointer}/${word}/${index}` };
  for (const word of NAMED)
    for (const [name, value] of Object.entries(objectOf(schema[word])))
      yield { value, pointer: `${pointer}/${word}${pointerStep(name)}` };
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

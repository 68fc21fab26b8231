import { describe, expect, test } from 'vitest';
import { compileSchema, schemaFaults } from './compile-schema.js';
import { TookTooLong } from './time-limit.js';

const QUOTE = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://example.org/quote',
  type: 'object',
  required: ['number', 'lines'],
  additionalProperties: false,
  properties: {
    number: { type: 'string', minLength: 1, pattern: '^[\\p{L}\\d-]+$' },
    issueDate: { type: 'string', format: 'date' },
    currency: { enum: ['EUR', 'XOF'] },
    lines: { type: 'array', minItems: 1, items: { $ref: '#/$defs/line' } },
  },
  $defs: {
    line: {
      type: 'object',
      required: ['description'],
      properties: { quantity: { type: 'number', exclusiveMinimum: 0 }, description: { type: 'string' } },
    },
  },
};

describe('data', () => {
  test('that fits has no faults', () => {
    const check = compileSchema(QUOTE);
    expect(check({ number: 'Dévis-7', lines: [{ description: 'Pose', quantity: 2 }], currency: 'XOF' })).toEqual([]);
  });

  test('that does not fit is told field by field, and what to change, without its values', () => {
    const faults = compileSchema(QUOTE)({
      number: '',
      issueDate: '31/12/2026',
      currency: 'secret',
      lines: [{ description: 'a', quantity: 0 }, { quantity: '2' }],
      'no/te': 1,
    });
    expect(Object.fromEntries(faults.map(({ pointer, detail }) => [pointer, detail]))).toEqual({
      '/number': expect.stringContaining('must not be empty'),
      '/issueDate': 'must be a date such as 2026-11-30',
      '/currency': 'must be one of "EUR", "XOF"',
      '/lines/0/quantity': 'must be more than 0',
      '/lines/1/quantity': 'must be a number, not a text',
      '/lines/1/description': 'is missing',
      '/no~1te': 'unknown field; remove it or correct its name',
    });
    expect(JSON.stringify(faults)).not.toContain('secret');
  });

  test('is held to the pattern of each field, not to that of the first', () => {
    const check = compileSchema({
      properties: { currency: { pattern: '^[A-Z]{3}$' }, country: { pattern: '^[A-Z]{2}$' } },
    });
    expect(check({ currency: 'XOF', country: 'SN' })).toEqual([]);
    expect(check({ currency: 'XOF', country: 'SEN' }).map(({ pointer }) => pointer)).toEqual(['/country']);
  });

  test('with hundreds of faults is told of the first thirty', () => {
    const lines = Array.from({ length: 300 }, () => ({}));
    expect(compileSchema(QUOTE)({ number: '1', lines })).toHaveLength(30);
  });
});

describe('a schema', () => {
  test.each([
    ['a slip in a word', { properties: { a: { minlength: 1 } } }, '/properties/a/minlength', /no word of JSON Schema/],
    [
      'a value that its word does not take',
      { properties: { a: { minLength: -1 } } },
      '/properties/a/minLength',
      /at least 0/,
    ],
    ['an unknown type', { type: 'text' }, '/type', /must be/],
    ['another dialect', { $schema: 'http://json-schema.org/draft-07/schema#' }, '/$schema', /2020-12/],
    ['a reference to somewhere else', { $ref: 'http://169.254.169.254/' }, '/$ref', /nothing is fetched/],
    ['a reference to a file', { items: { $dynamicRef: 'file:///etc/passwd' } }, '/items/$dynamicRef', /stay within/],
    ['a reference that leads nowhere', { $ref: '#/$defs/none' }, '', /none/],
    ['an unknown format', { format: 'iban' }, '/format', /is not known; the formats are .*date/],
    ['a pattern that looks around', { pattern: '(?=a)b' }, '/pattern', /RE2/],
    ['such a pattern for names', { patternProperties: { '(a)\\1': true } }, '/patternProperties/(a)\\1', /RE2/],
    ['an $id in its depth', { items: { $id: 'x' } }, '/items/$id', /root only/],
  ])('is refused for %s', (_what, schema, pointer, detail) => {
    const faults = schemaFaults(schema as Record<string, unknown>);
    expect(faults).toContainEqual({ pointer, detail: expect.stringMatching(detail) });
  });

  test('is refused when it is too large, too deep or has too many parts', () => {
    let deep: object = {};
    for (let depth = 0; depth < 100; depth += 1) deep = { items: deep };
    expect(schemaFaults({ items: deep })[0]?.detail).toContain('deeper');
    expect(schemaFaults({ description: 'x'.repeat(200_001) })[0]?.detail).toContain('bytes');
    expect(schemaFaults({ anyOf: Array.from({ length: 5_001 }, () => true) })[0]?.detail).toContain('more than');
  });
});

describe('a hostile schema', () => {
  const within = (ms: number, work: () => unknown) => {
    const begin = performance.now();
    const outcome = work();
    expect(performance.now() - begin).toBeLessThan(ms);
    return outcome;
  };
  const outcomeOf = (work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };

  test('with a pattern that hangs others takes linear time', () => {
    const check = compileSchema({ type: 'string', pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' });
    expect(within(10_000, () => check('a'.repeat(3_000)))).toHaveLength(1);
  });

  test('whose references double with each step is stopped', () => {
    const $defs: Record<string, object> = { a0: { type: 'string' } };
    for (let n = 1; n < 60; n += 1) {
      const reference = { $ref: `#/$defs/a${n - 1}` };
      $defs[`a${n}`] = {
        anyOf: [{ allOf: [reference, { type: 'string' }] }, { allOf: [reference, { type: 'number' }] }],
      };
    }
    const check = compileSchema({ $ref: '#/$defs/a59', $defs });
    expect(within(10_000, () => outcomeOf(() => check(7)))).toBeInstanceOf(TookTooLong);
  });

  test('that refers to itself in a circle finds an end', () => {
    const check = compileSchema({ $ref: '#/$defs/a', $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } } });
    expect(within(10_000, () => check({}))).toEqual([{ pointer: '', detail: expect.stringContaining('too deep') }]);
  });

  test('that compares all entries of a long list with one another is stopped', () => {
    const list = Array.from({ length: 60_000 }, (_, n) => ({ n }));
    const check = compileSchema({ uniqueItems: true });
    expect(within(10_000, () => outcomeOf(() => check(list)))).toBeInstanceOf(TookTooLong);
  });

  test('cannot put code into what it is compiled to', () => {
    const evil = '"]; globalThis.broken = true; //';
    const key = "'];globalThis.broken=true;//`";
    const schema = { properties: { [evil]: { const: evil }, [key]: { enum: [key] } }, required: [evil, key] };
    compileSchema(schema)({ [evil]: 1, [key]: 2 });
    expect('broken' in globalThis).toBe(false);
  });
});

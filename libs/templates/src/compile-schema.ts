import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type DataFault, describeFaults } from './describe-fault.js';
import { checkSchemaShape, linearPattern } from './schema-shape.js';
import type { TemplateFault } from './template-fault.js';
import { TookTooLong, withinTime } from './time-limit.js';

const COMPILE_MS = 1_000;
const CHECK_MS = 250;
/** To find more than the first fault; a schema and data made for it give millions. */
const ALL_FAULTS_MS = 100;
const MOST_FAULTS = 30;

/** Tells what of the data does not fit; nothing when all does. Throws `TookTooLong` after twice 250 ms, see `withinTime`. */
export type DataCheck = (data: unknown) => DataFault[];

/** A schema that was refused. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';

  constructor(readonly faults: TemplateFault[]) {
    super(faults.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join('; '));
  }
}

// Knows the rules of JSON Schema, and never sees a compiled schema of a tenant: an Ajv keeps what it compiled.
const rules = formatted(new Ajv2020.default({ allErrors: true, logger: false }));
const FORMATS: ReadonlySet<string> = new Set(Object.keys(rules.formats));

/**
 * Compiles a JSON Schema (2020-12) that somebody unknown may have written: bounded in size and depth, without references out of
 * it, its patterns run in linear time, and a check that takes too long is stopped. Throws `SchemaRefused`.
 */
export function compileSchema(schema: Record<string, unknown>): DataCheck {
  const faults = ruleFaults(schema);
  if (faults.length > 0) throw new SchemaRefused(faults);
  const quick = compile(schema, false);
  let thorough: ValidateFunction | undefined;
  return (data) => {
    const first = faultsBy(quick, data, CHECK_MS, 1);
    if (first.length === 0) return [];
    try {
      thorough ??= compile(schema, true);
      return faultsBy(thorough, data, ALL_FAULTS_MS, MOST_FAULTS);
    } catch (error) {
      if (error instanceof TookTooLong) return first;
      throw error;
    }
  };
}

/** What keeps a JSON Schema from being taken. */
export function schemaFaults(schema: Record<string, unknown>): TemplateFault[] {
  try {
    compileSchema(schema);
    return [];
  } catch (error) {
    if (error instanceof SchemaRefused) return error.faults;
    throw error;
  }
}

function ruleFaults(schema: Record<string, unknown>): TemplateFault[] {
  const faults = checkSchemaShape(schema, FORMATS);
  if (faults.length > 0 || rules.validateSchema(schema, false)) return faults;
  return describeFaults(rules.errors ?? [], schema, MOST_FAULTS).filter(({ pointer }, index, all) =>
    // Of a fault deep inside, every schema around it complains too.
    all.every((other, place) => place === index || !other.pointer.startsWith(`${pointer}/`)),
  );
}

function compile({ $id: _id, ...schema }: Record<string, unknown>, allErrors: boolean): ValidateFunction {
  const regExp = Object.assign(
    (pattern: string) => {
      const compiled = linearPattern(pattern);
      // Ajv keeps patterns by their text, and would take the first for all of them.
      return { test: (text: string) => compiled.matcher(text).find(), toString: () => pattern };
    },
    { code: 'linearPattern' },
  );
  // Another for each try: one that was stopped is broken.
  const newAjv = () =>
    formatted(
      new Ajv2020.default({
        allErrors,
        strict: false,
        validateSchema: false,
        meta: false,
        logger: false,
        // Text that many refer to would be compiled as often.
        inlineRefs: false,
        code: { regExp },
      }),
    );
  try {
    return withinTime(COMPILE_MS, () => newAjv().compile(schema));
  } catch (error) {
    const detail =
      error instanceof TookTooLong ? 'takes too long to compile; make it simpler' : (error as Error).message;
    throw new SchemaRefused([{ pointer: '', detail }]);
  }
}

function faultsBy(validate: ValidateFunction, data: unknown, ms: number, most: number): DataFault[] {
  try {
    return withinTime(ms, () => (validate(data) ? [] : describeFaults(validate.errors ?? [], data, most)));
  } catch (error) {
    // A schema that refers to itself in a circle, or data as deep as the stack.
    if (error instanceof RangeError)
      return [{ pointer: '', detail: 'lies too deep for the schema, or the schema for it' }];
    throw error;
  } finally {
    validate.errors = null;
  }
}

function formatted(ajv: Ajv2020.default): Ajv2020.default {
  addFormats.default(ajv);
  return ajv;
}

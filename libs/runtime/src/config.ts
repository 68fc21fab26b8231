import { z } from 'zod';

/** The environment does not fit the schema. The message has one line per variable and is safe to print. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

// Values of such variables are never shown: a URL may hold a password.
const SECRET = /SECRET|TOKEN|PASSWORD|KEY|_URL$/;

/**
 * The settings of a service, read from `env`. An empty variable counts as unset, as it does in compose files.
 * Throws a {@link ConfigError} that names every bad variable, and no secret.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, env: NodeJS.ProcessEnv): z.output<S> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => (env[name] ? [[name, env[name]] as const] : [])),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(linePerVariable(schema, parsed.error, given).join('\n'));
}

function linePerVariable(schema: z.ZodObject, error: z.ZodError, given: Record<string, string>): string[] {
  const lines = new Map<string, string>();
  for (const issue of error.issues) {
    const name = String(issue.path[0] ?? '');
    if (lines.has(name)) continue;
    lines.set(name, name === '' ? issue.message : `${name}: ${complaint(issue, schema.shape[name], name, given)}`);
  }
  return [...lines.values()];
}

function complaint(
  { code, message }: z.core.$ZodIssue,
  field: unknown,
  name: string,
  given: Record<string, string>,
): string {
  const value = given[name];
  // `custom` is a rule over several variables, which has its own words for one that is missing.
  if (value === undefined && code !== 'custom') {
    const description = descriptionOf(field);
    return description ? `is required: ${description}` : 'is required';
  }
  return value === undefined || SECRET.test(name) ? message : `${message} (got ${JSON.stringify(value.slice(0, 80))})`;
}

/** One setting, for the generated reference. */
export interface Setting {
  name: string;
  default: string | undefined;
  description: string;
  required: boolean;
}

/** The settings that `schema` declares, in its order. */
export function describeConfig(schema: z.ZodObject): Setting[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const unset = z.safeParse(field, undefined);
    return {
      name,
      default: unset.success && unset.data !== undefined ? String(unset.data) : undefined,
      description: descriptionOf(field) ?? '',
      required: !unset.success,
    };
  });
}

/** `.meta({ description })` of a field, or of the field that a later `.default()` or `.optional()` wraps. */
function descriptionOf(field: unknown): string | undefined {
  if (!(field instanceof z.ZodType)) return undefined;
  const own = field.meta()?.description;
  if (own !== undefined) return own;
  return field instanceof z.ZodDefault || field instanceof z.ZodOptional ? descriptionOf(field.unwrap()) : undefined;
}

/** A whole number between `min` and `max`, both included. Required when `fallback` is undefined. */
export function int(
  fallback: number | undefined,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): z.ZodType<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `a number of at least ${min}` : `a number from ${min} to ${max}`;
  const parsed = z.string().transform((raw, ctx) => {
    const value = /^[+-]?\d+$/.test(raw.trim()) ? Number(raw) : Number.NaN;
    if (value >= min && value <= max) return value;
    ctx.addIssue({ code: 'custom', message: `must be ${range}` });
    return z.NEVER;
  });
  return fallback === undefined ? parsed : parsed.default(fallback);
}

/** A TCP port; 0 lets the system choose a free one. */
export function port(fallback?: number): z.ZodType<number> {
  return int(fallback, { min: 0, max: 65_535 });
}

/** A switch: `true`, `1`, `yes`, `on`, or their opposites. */
export function flag(fallback: boolean): z.ZodType<boolean> {
  return z
    .string()
    .transform((raw, ctx) => {
      const word = raw.trim().toLowerCase();
      if (['true', '1', 'yes', 'on'].includes(word)) return true;
      if (['false', '0', 'no', 'off'].includes(word)) return false;
      ctx.addIssue({ code: 'custom', message: 'must be true or false' });
      return z.NEVER;
    })
    .default(fallback);
}

/** Values separated by commas; blanks around them do not count. Empty when unset. */
export function list(): z.ZodType<string[]> {
  return z
    .string()
    .transform((raw) =>
      raw
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
    .default([]);
}

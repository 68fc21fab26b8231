import type { z } from 'zod';
import { type Duration, milliseconds } from './duration.js';
import type { Backoff } from './job-options.js';
import type { ObjectReference, StoredObject } from './object.js';
import type { SupabaseRead, SupabaseWrite } from './supabase-grants.js';

/** `<service>.<name>`, for example `media.transform`. */
export type CommandType = `${string}.${string}`;

/** What a command is, declared once. Subject, route, OpenAPI entry, consumer and retry policy follow from it. */
export interface CommandOptions<I extends z.ZodType, O extends z.ZodType> {
  /** One sentence for the API reference. */
  summary: string;
  input: I;
  output: O;
  /** How long one attempt may take before it is aborted. */
  timeout: Duration;
  /** Attempts before the job is `failed`. */
  attempts: number;
  /** Waits between attempts; by default exponential from one second, at most five minutes. */
  backoff?: Backoff;
  /** The scope that a caller needs. */
  scope: string;
  /** Objects that the input names. The gateway checks that the caller may read them before it admits the job. */
  reads?: (input: z.output<I>) => ObjectReference[];
  /** Files in Supabase Storage that the input names as sources. The gateway asks Storage, with the caller's own token. */
  supabaseReads?: (input: z.output<I>) => SupabaseRead[];
  /** Files in Supabase Storage that the command will write. The gateway asks Storage for the right to. */
  supabaseWrites?: (input: z.output<I>) => SupabaseWrite[];
  /** Objects that the result holds. The ledger registers them in the transaction that marks the job succeeded. */
  produces?: (output: z.output<O>) => StoredObject[];
  /** Presets that the input names. */
  presets?: PresetUse<z.output<I>>;
  /** The template that the input names. */
  templates?: TemplateUse<z.output<I>>;
}

/** Options that were kept under a name; see {@link PresetUse}. */
export interface ResolvedPreset {
  /** Name and version, such as `card@3`. */
  reference: string;
  options: object;
}

/**
 * How an input names presets. The gateway fills them in before it admits the job, so the job does what the preset said
 * then, and checks the filled input by the schema once more.
 */
export interface PresetUse<I> {
  /** Each preset that the input names, and where (JSON pointer). */
  named: (input: I) => { preset: string; pointer: string }[];
  /** The input with the options of its presets in their place. */
  fill: (input: I, presetOf: (name: string) => ResolvedPreset | undefined) => unknown;
}

/**
 * How an input names a template. Before it admits the job, the gateway finds its version, checks the data by its JSON Schema,
 * and puts the exact version into the input: the job uses what there was then.
 */
export interface TemplateUse<I> {
  /** The template that the input names, and the data for it. */
  named: (input: I) => { template: string; data: unknown } | undefined;
  /** Where both stand (JSON pointers). */
  at: { template: string; data: string };
  /** The input with the exact version, such as `quote@3`, in place of what was named. */
  fill: (input: I, template: string) => unknown;
}

/** A declared command; see {@link defineCommand}. */
export interface CommandDefinition<
  T extends CommandType = CommandType,
  // biome-ignore lint/suspicious/noExplicitAny: a catalog holds commands of every input and output
  I extends z.ZodType = any,
  // biome-ignore lint/suspicious/noExplicitAny: see above
  O extends z.ZodType = any,
> extends Omit<CommandOptions<I, O>, 'timeout'> {
  readonly type: T;
  readonly service: string;
  readonly name: string;
  readonly timeoutMs: number;
}

/** The validated input of a command, defaults filled in. */
export type InputOf<C extends CommandDefinition> = z.output<C['input']>;
/** The result of a command. */
export type OutputOf<C extends CommandDefinition> = z.output<C['output']>;

/**
 * Declares a command: imperative, with exactly one owner, the service before the dot.
 * Throws a `TypeError` when the type is not two lower-case words joined by a dot.
 */
export function defineCommand<const T extends CommandType, I extends z.ZodType, O extends z.ZodType>(
  type: T,
  { timeout, ...options }: CommandOptions<I, O>,
): CommandDefinition<T, I, O> {
  const match = /^([a-z][a-z0-9]*)\.([a-z][a-z0-9-]*)$/.exec(type);
  if (!match) throw new TypeError(`Command type "${type}" must read <service>.<command>, in lower case.`);
  return { ...options, type, service: match[1]!, name: match[2]!, timeoutMs: milliseconds(timeout) };
}

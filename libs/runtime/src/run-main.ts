import { ConfigError } from './config.js';

/** Where {@link runMain} writes and how it ends; `process` outside tests. */
export interface MainHost {
  env: NodeJS.ProcessEnv;
  stderr: { write(text: string): unknown };
  exit(code: number): void;
}

/**
 * Runs the `main` of a process. Failures that an operator can mend end it with a short message, bugs (a
 * `TypeError` and the like, without a `code`) with a stack; always with exit code 1. `LOG_LEVEL=debug`
 * shows the stack of both.
 */
export async function runMain(name: string, main: () => Promise<void>, host: MainHost = process): Promise<void> {
  try {
    await main();
  } catch (error) {
    host.stderr.write(`${name} cannot start: ${explain(error, host.env.LOG_LEVEL)}\n`);
    host.exit(1);
  }
}

/** Errors that speak of the program, not of its surroundings: only their stack helps. */
const BUGS = [TypeError, ReferenceError, RangeError, SyntaxError];

function explain(error: unknown, level: string | undefined): string {
  if (!(error instanceof Error)) return String(error);
  const mendable = 'code' in error || !BUGS.some((type) => error instanceof type);
  if (!mendable || level === 'debug' || level === 'trace') return error.stack ?? error.message;
  if (error instanceof ConfigError)
    return error.message.includes('\n') ? `\n  ${error.message.replaceAll('\n', '\n  ')}` : error.message;
  return oneLine(error);
}

/** An `AggregateError`, as Node throws when no address of a host answers, has no message of its own. */
function oneLine(error: Error & { code?: unknown }): string {
  const message =
    error.message ||
    (error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : '') ||
    String(error.code);
  return message.replaceAll(/\s*\n\s*/g, ' ');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

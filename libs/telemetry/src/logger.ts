import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { activeSpanContext } from './propagation.js';
import { redact } from './redact.js';

/** Tandem's logger: pino's. Fields first, then the message: `logger.info({ jobId }, 'published')`. */
export type Logger = PinoLogger;

/**
 * A logger that writes one JSON line per entry to stdout, with the service and the ids of the active span and without
 * the values of secret keys (those of `child()` excepted, which pino formats apart). The level comes from `LOG_LEVEL`:
 * default and fallback `info`; `silent` writes nothing.
 */
export function createLogger(service: string, destination: DestinationStream = pino.destination(1)): Logger {
  const level = process.env.LOG_LEVEL || 'info';
  return pino(
    {
      level: level === 'silent' || level in pino.levels.values ? level : 'info',
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redact },
      serializers: { err: safeError },
      mixin: spanIds,
    },
    destination,
  );
}

/** Errors carry more than they should: a database's its parameters, an HTTP client's the request, headers included. */
function safeError(error: Error): object {
  const { type, message, stack, code } = pino.stdSerializers.err(error);
  return { type, message, code, stack };
}

/** Appends the log to a file instead, where people read the terminal. */
export function fileDestination(path: string): DestinationStream {
  return pino.destination({ dest: path, mkdir: true, sync: true });
}

function spanIds(): object {
  const span = activeSpanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

// What Nest says while it wires modules and routes: worth reading only when that goes wrong.
const BOOT = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'NestMicroservice',
]);

/** Nest's messages as lines of ours, with Nest's context as `context`; its boot chatter at level `debug`. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    this.#write(typeof context === 'string' && BOOT.has(context) ? 'debug' : 'info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  /** Nest passes the stack before the context. */
  error(message: unknown, ...rest: unknown[]): void {
    const [stack] = rest.length > 1 ? rest : [];
    this.#write('error', message, rest, typeof stack === 'string' ? { stack } : {});
  }

  #write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
    fields: object = {},
  ): void {
    const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
    if (message instanceof Error) this.logger[level]({ ...fields, context, err: message }, message.message);
    else if (typeof message === 'object') this.logger[level]({ ...fields, context, details: message });
    else this.logger[level]({ ...fields, context }, String(message));
  }
}

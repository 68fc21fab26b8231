import { Catch, type ExceptionFilter, UseFilters } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { CommandDefinition, OutputOf } from '@tandem/contracts/command';
import { type Observable, throwError } from 'rxjs';
import type { CommandContext } from './handler.js';

/** Nest's own filter would replace every error by "Internal server error", and with it the outcome that it stands for. */
@Catch()
export class PassErrors implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

type HandlerMethod<C extends CommandDefinition> = (context: CommandContext<C>) => Promise<OutputOf<C>>;

/** Marks the method that handles `command`. The type checker compares its parameter and result with the declaration. */
export function HandleCommand<C extends CommandDefinition>(command: C) {
  return (target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<HandlerMethod<C>>): void => {
    MessagePattern(command.type)(target, key, descriptor);
    UseFilters(PassErrors)(target, key, descriptor);
  };
}

import { Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { Caller, requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { READ } from './jobs.controller.js';
import { CommandPauses, type CommandView } from './pause-commands.js';

const MANAGE = 'commands:manage';

/** What there is to submit, and the operator's switch for each. */
@Controller('v1/commands')
export class CommandsController {
  constructor(private readonly pauses: CommandPauses) {}

  @Get()
  async list(@Caller() caller: Principal): Promise<{ commands: CommandView[] }> {
    requireScope(caller, READ);
    return { commands: await this.pauses.list() };
  }

  @Post(':command/pause')
  @HttpCode(HttpStatus.OK)
  pause(@Caller() caller: Principal, @Param('command') command: string): Promise<CommandView> {
    requireOperator(caller);
    return this.pauses.pause(command, caller.actor);
  }

  @Post(':command/resume')
  @HttpCode(HttpStatus.OK)
  resume(@Caller() caller: Principal, @Param('command') command: string): Promise<CommandView> {
    requireOperator(caller);
    return this.pauses.resume(command);
  }
}

/** A pause stops the command for every tenant, so it takes more than a user's token. */
function requireOperator(caller: Principal): void {
  requireScope(caller, MANAGE);
  if (caller.role !== 'service_role')
    throw new Problem('forbidden', 'This concerns every tenant: use a service_role token.');
}

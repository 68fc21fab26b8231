import { Controller, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import type { JobView } from '@tandem/contracts/job';
import { Caller, requireScope } from '../http/caller.js';
import type { Principal } from '../identity/principal.js';
import { WRITE } from '../jobs/jobs.controller.js';
import { CallbackResend } from './resend-callback.js';

/** Acts on the callback of one job. */
@Controller('v1/jobs')
export class CallbacksController {
  constructor(private readonly resend: CallbackResend) {}

  @Post(':id/callback')
  @HttpCode(HttpStatus.ACCEPTED)
  async send(@Caller() caller: Principal, @Param('id') id: string): Promise<JobView> {
    requireScope(caller, WRITE);
    return this.resend.again(caller, id);
  }
}

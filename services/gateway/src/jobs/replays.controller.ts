import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Caller, requireScope } from '../http/caller.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { BulkReplays, ReplayFilter, type ReplayView } from './bulk-replays.js';
import { READ, WRITE } from './jobs.controller.js';

/** The body of `POST /v1/replays`. */
export const ReplayRequest = z
  .strictObject({
    filter: ReplayFilter,
    dryRun: z.boolean().default(false).meta({ description: 'Only count' }),
  })
  .meta({ id: 'ReplayRequest' });

/** Replays of many failed jobs. */
@Controller('v1/replays')
export class ReplaysController {
  constructor(private readonly replays: BulkReplays) {}

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  async begin(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReplayView | { matched: number }> {
    requireScope(caller, WRITE);
    const { filter, dryRun } = validate(ReplayRequest, body);
    if (dryRun) {
      reply.status(HttpStatus.OK);
      return { matched: await this.replays.count(caller, filter) };
    }
    const replay = await this.replays.begin(caller, filter);
    reply.header('location', `/v1/replays/${replay.id}`);
    return replay;
  }

  @Get(':id')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<ReplayView> {
    requireScope(caller, READ);
    return this.replays.view(caller, id);
  }

  @Post(':id/abort')
  @HttpCode(HttpStatus.OK)
  abort(@Caller() caller: Principal, @Param('id') id: string): Promise<ReplayView> {
    requireScope(caller, WRITE);
    return this.replays.abort(caller, id);
  }
}

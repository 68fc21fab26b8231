import { Readable } from 'node:stream';
import { Controller, Get, Headers, HttpCode, HttpStatus, Param, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STREAMED } from '../http/bodies.js';
import { Caller, requireScope } from '../http/caller.js';
import type { Principal } from '../identity/principal.js';
import { BulkReplays, ReplayFilter, type ReplayView } from './bulk-replays.js';
import { JobCancellation } from './cancel-jobs.js';
import { BatchFinder, type BatchView } from './find-batches.js';
import { READ, WRITE } from './jobs.controller.js';
import { batchRequests } from './read-batch.js';
import { sendEvents } from './server-sent-events.js';
import { BatchSubmission, MOST_JOBS } from './submit-batch.js';
import { validKey } from './submit-command.js';

/** Many jobs under one handle. */
@Controller('v1/batches')
export class BatchesController {
  constructor(
    private readonly submission: BatchSubmission,
    private readonly finder: BatchFinder,
    private readonly cancellation: JobCancellation,
    private readonly replays: BulkReplays,
  ) {}

  @Post()
  @RouteConfig(STREAMED)
  @HttpCode(HttpStatus.ACCEPTED)
  async submit(
    @Caller() caller: Principal,
    @Req() request: FastifyRequest,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BatchView> {
    const body = request.body as Readable | undefined;
    const requests = await batchRequests(request.headers['content-type'], body ?? Readable.from([]));
    const { id, created } = await this.submission.submit(caller, requests, validKey(idempotencyKey));
    if (!created) reply.header('idempotency-replayed', 'true');
    reply.header('location', `/v1/batches/${id}`);
    return this.finder.view(caller, id);
  }

  @Get(':id')
  async get(@Caller() caller: Principal, @Param('id') id: string): Promise<BatchView> {
    requireScope(caller, READ);
    return this.finder.view(caller, id);
  }

  @Get(':id/events')
  async events(@Caller() caller: Principal, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    requireScope(caller, READ);
    await this.finder.view(caller, id);
    await sendEvents(reply, (gone) => this.finder.follow(caller, id, gone));
  }

  /** Cancels what has not ended. */
  @Post(':id/cancel')
  @HttpCode(HttpStatus.ACCEPTED)
  async cancel(@Caller() caller: Principal, @Param('id') id: string): Promise<BatchView> {
    requireScope(caller, WRITE);
    await this.finder.view(caller, id);
    await this.cancellation.cancelAll(caller, { batch: id }, MOST_JOBS);
    return this.finder.view(caller, id);
  }

  /** Does the failed jobs again, as jobs of their own. */
  @Post(':id/replay')
  @HttpCode(HttpStatus.ACCEPTED)
  async replay(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReplayView> {
    requireScope(caller, WRITE);
    await this.finder.view(caller, id);
    const replay = await this.replays.begin(caller, ReplayFilter.parse({ batch: id }));
    reply.header('location', `/v1/replays/${replay.id}`);
    return replay;
  }
}

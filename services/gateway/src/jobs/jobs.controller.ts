import { Controller, Get, Headers, HttpCode, HttpStatus, Param, Post, Query, Res } from '@nestjs/common';
import { isFinal, type JobView } from '@tandem/contracts/job';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Caller, requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { JobCancellation } from './cancel-jobs.js';
import { JobCounter, type JobCounts } from './count-jobs.js';
import { JobFinder, type JobPage } from './find-jobs.js';
import { JobFollower } from './follow-job.js';
import { JobFilter } from './job-filter.js';
import { JobReplay } from './replay-jobs.js';
import { sendEvents, serverSentEvents } from './server-sent-events.js';

/** Query parameters of `GET /v1/jobs`. */
export const JobQuery = JobFilter.extend({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(100).optional().meta({ description: 'nextCursor of the page before' }),
});

/** Scopes of the ledger. */
export const READ = 'jobs:read';
export const WRITE = 'jobs:write';

/** Reads the ledger, and acts on single jobs. */
@Controller('v1/jobs')
export class JobsController {
  constructor(
    private readonly finder: JobFinder,
    private readonly follower: JobFollower,
    private readonly counter: JobCounter,
    private readonly cancellation: JobCancellation,
    private readonly replays: JobReplay,
  ) {}

  @Get()
  async list(@Caller() caller: Principal, @Query() query: Record<string, string>): Promise<JobPage> {
    requireScope(caller, READ);
    return this.finder.list(caller, validate(JobQuery, { ...query }, 'query'));
  }

  @Get('counts')
  async counts(@Caller() caller: Principal): Promise<{ commands: Record<string, JobCounts> }> {
    requireScope(caller, READ);
    if (caller.role === 'authenticated' && caller.tenant !== caller.actor)
      throw new Problem('forbidden', 'Counts are of a whole tenant: use a service_role token.');
    return { commands: await this.counter.byCommand(caller.tenant) };
  }

  @Get(':id')
  async get(@Caller() caller: Principal, @Param('id') id: string): Promise<JobView> {
    requireScope(caller, READ);
    return this.finder.view(caller, id);
  }

  @Post(':id/cancel')
  @HttpCode(HttpStatus.ACCEPTED)
  async cancel(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView> {
    requireScope(caller, WRITE);
    const job = await this.cancellation.cancel(caller, id);
    if (isFinal(job.status)) reply.status(HttpStatus.OK);
    return job;
  }

  @Post(':id/replay')
  @HttpCode(HttpStatus.ACCEPTED)
  async replay(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView> {
    requireScope(caller, WRITE);
    const job = await this.replays.replay(caller, id);
    reply.header('location', `/v1/jobs/${job.id}`);
    return job;
  }

  @Get(':id/events')
  async events(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    requireScope(caller, READ);
    const after = /^\d{1,10}$/.test(lastEventId ?? '') ? Number(lastEventId) : -1;
    const job = await this.finder.history(caller, id);
    // A browser's EventSource reconnects for ever; 204 is how it is told to stop.
    if (isFinal(job.status) && after >= job.position) return void (await reply.status(HttpStatus.NO_CONTENT).send());
    await sendEvents(reply, (gone) =>
      serverSentEvents(this.follower.follow(caller, id, after, gone), () => this.finder.view(caller, id)),
    );
  }
}

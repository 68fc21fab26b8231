import { Readable } from 'node:stream';
import { Controller, Get, Headers, HttpStatus, Param, Query, Res } from '@nestjs/common';
import { isFinal, JobStatus, type JobView } from '@tandem/contracts/job';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Caller, requireScope } from '../http/caller.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { JobFinder, type JobPage } from './find-jobs.js';
import { JobFollower } from './follow-job.js';
import { serverSentEvents } from './server-sent-events.js';

/** Query parameters of `GET /v1/jobs`. */
export const JobQuery = z.strictObject({
  status: JobStatus.optional(),
  command: z
    .string()
    .regex(/^[a-z0-9.-]{1,100}$/, 'must be the name of a command')
    .optional()
    .meta({ example: 'media.transform' }),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(100).optional().meta({ description: 'nextCursor of the page before' }),
});

const READ = 'jobs:read';

/** Reads the ledger. */
@Controller('v1/jobs')
export class JobsController {
  constructor(
    private readonly finder: JobFinder,
    private readonly follower: JobFollower,
  ) {}

  @Get()
  async list(@Caller() caller: Principal, @Query() query: Record<string, string>): Promise<JobPage> {
    requireScope(caller, READ);
    return this.finder.list(caller, validate(JobQuery, { ...query }, 'query'));
  }

  @Get(':id')
  async get(@Caller() caller: Principal, @Param('id') id: string): Promise<JobView> {
    requireScope(caller, READ);
    return this.finder.view(caller, id);
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
    const gone = new AbortController();
    reply.raw.on('close', () => gone.abort());
    const events = serverSentEvents(this.follower.follow(caller, id, after, gone.signal), () =>
      this.finder.view(caller, id),
    );
    await reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(Readable.from(events));
  }
}

import { Body, Controller, Headers, HttpStatus, Param, Post, Res } from '@nestjs/common';
import { isFinal, type JobView } from '@tandem/contracts/job';
import { JobRequest } from '@tandem/contracts/job-options';
import type { FastifyReply } from 'fastify';
import { Caller } from '../http/caller.js';
import { waitSeconds } from '../http/prefer.js';
import { Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import type { Admitted } from './admit-job.js';
import { JobFinder } from './find-jobs.js';
import { JobFollower } from './follow-job.js';
import { JobSubmission, type Wish } from './submit-job.js';

/** Two ways to submit one job: the route of its command, or `POST /v1/jobs` with options. */
@Controller('v1')
export class SubmitCommandController {
  constructor(
    private readonly submission: JobSubmission,
    private readonly finder: JobFinder,
    private readonly follower: JobFollower,
  ) {}

  @Post('jobs')
  submitWithOptions(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView> {
    const { command, input, options } = validate(JobRequest, body);
    const wish = { command: this.submission.command(caller, command), input, options };
    return this.#submit(caller, { ...wish, idempotencyKey: validKey(idempotencyKey), at: '' }, prefer, reply);
  }

  @Post(':service/:command')
  submitCommand(
    @Param('service') service: string,
    @Param('command') name: string,
    @Caller() caller: Principal,
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView> {
    const command = this.submission.command(caller, `${service}.${name}`);
    return this.#submit(caller, { command, input: body, idempotencyKey: validKey(idempotencyKey) }, prefer, reply);
  }

  async #submit(caller: Principal, wish: Wish, prefer: string | undefined, reply: FastifyReply): Promise<JobView> {
    const wait = waitSeconds(prefer);
    let answer: Promise<JobView> | undefined;
    // Who waits must be listening before the job can run.
    const admitted = await this.submission.submit(caller, wish, (job) => {
      answer = this.#answer(caller, job, wait * 1_000);
    });
    if (!admitted.created) reply.header('idempotency-replayed', 'true');
    const view = await answer!;
    if (wait > 0) reply.header('preference-applied', `wait=${wait}`);
    reply.status(isFinal(view.status) && wait > 0 ? HttpStatus.OK : HttpStatus.ACCEPTED);
    reply.header('location', `/v1/jobs/${admitted.id}`);
    return view;
  }

  /** What the ledger holds of a job that was just admitted is known without reading it. */
  #answer(caller: Principal, admitted: Admitted, waitMs: number): Promise<JobView> {
    if (waitMs === 0) return admitted.created ? Promise.resolve(admitted.view) : this.finder.view(caller, admitted.id);
    return admitted.created
      ? // The job is accepted, whatever happens to the wait.
        this.follower.waitForNew(caller, admitted.id, waitMs).catch(() => admitted.view)
      : this.follower.waitFor(caller, admitted.id, waitMs);
  }
}

/** Throws a `Problem` `invalid_input` for a key that is no header value of sensible length. */
export function validKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem(
    'invalid_input',
    'Idempotency-Key takes 1 to 255 visible ASCII characters without spaces; a UUID is a good choice.',
    [{ pointer: '/idempotency-key', detail: 'must be 1 to 255 visible ASCII characters' }],
  );
}

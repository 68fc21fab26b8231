import { Controller, Param, Post } from '@nestjs/common';
import type { Catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition } from '@tandem/contracts/command';
import { isFinal, type JobView } from '@tandem/contracts/job';
import { JobRequest } from '@tandem/contracts/job-options';
import { commandRoute } from '@tandem/contracts/subjects';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FORMS } from '../http/bodies.js';
import { type CallerGuard, header } from '../http/caller.js';
import { waitSeconds } from '../http/prefer.js';
import { Problem } from '../http/problem.js';
import type { ProblemFilter } from '../http/problem-filter.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import type { Admitted } from './admit-job.js';
import type { CommandForm } from './command-form.js';
import type { JobFinder } from './find-jobs.js';
import type { JobFollower } from './follow-job.js';
import type { JobSubmission, Wish } from './submit-job.js';

/** Makes a job of what a caller sends: to the route of a command its input, to `POST /v1/jobs` with options. */
export class CommandSubmission {
  constructor(
    private readonly guard: CallerGuard,
    private readonly problems: ProblemFilter,
    private readonly submission: JobSubmission,
    private readonly finder: JobFinder,
    private readonly follower: JobFollower,
    private readonly forms: CommandForm,
  ) {}

  /**
   * Registers `POST /v1/<service>/<command>` for every command, and `POST /v1/jobs`. They stand on Fastify itself: this is
   * the busiest path of all, and Nest's guards, parameters and pipes took about a tenth of the processor time of a job.
   */
  route(server: FastifyInstance, catalog: Catalog): void {
    for (const command of catalog.all()) {
      this.#post(server, commandRoute(command), FORMS, (caller, request) => {
        const definition = this.submission.command(caller, command.type);
        return request.isMultipart()
          ? this.#formWish(caller, definition, request)
          : { command: definition, input: request.body };
      });
    }
    this.#post(server, '/v1/jobs', {}, (caller, request) => {
      const { command, input, options } = validate(JobRequest, request.body);
      return { command: this.submission.command(caller, command), input, options, at: '' };
    });
  }

  #post(
    server: FastifyInstance,
    path: string,
    config: object,
    wishOf: (caller: Principal, request: FastifyRequest) => FormWish | Promise<FormWish>,
  ): void {
    const errorHandler = this.problems.answer.bind(this.problems);
    server.post(path, { errorHandler, config }, async (request, reply) => {
      const caller = await this.guard.identify(request, reply);
      // Before a form's files are stored.
      const idempotencyKey = validKey(header(request, 'idempotency-key'));
      const { discard, ...wish } = await wishOf(caller, request);
      return this.#submit(caller, { ...wish, idempotencyKey }, request, reply, discard);
    });
  }

  async #formWish(caller: Principal, command: CommandDefinition, request: FastifyRequest): Promise<FormWish> {
    return { command, ...(await this.forms.read(caller, command, request)) };
  }

  async #submit(
    caller: Principal,
    wish: Wish,
    request: FastifyRequest,
    reply: FastifyReply,
    discard: FormWish['discard'],
  ): Promise<JobView> {
    const wait = waitSeconds(header(request, 'prefer'));
    let answer: Promise<JobView> | undefined;
    // Who waits must be listening before the job can run.
    const submitted = this.submission.submit(caller, wish, (job) => {
      answer = this.#answer(caller, job, wait * 1_000);
    });
    if (discard) await discardUnlessNew(submitted, discard);
    const admitted = await submitted;
    if (!admitted.created) reply.header('idempotency-replayed', 'true');
    const view = await answer!;
    if (wait > 0) reply.header('preference-applied', `wait=${wait}`);
    reply.status(isFinal(view.status) && wait > 0 ? 200 : 202);
    reply.header('location', `/v1/jobs/${admitted.id}`);
    return view;
  }

  /** What the ledger holds of a job that was just admitted is known without reading it. */
  #answer(caller: Principal, admitted: Admitted, waitMs: number): Promise<JobView> {
    if (waitMs === 0) return admitted.created ? Promise.resolve(admitted.view) : this.finder.view(caller, admitted.id);
    return admitted.created
      ? // The job is accepted, whatever happens to the wait.
        this.follower.waitForNew(caller, admitted.view, waitMs).catch(() => admitted.view)
      : this.follower.waitFor(caller, admitted.id, waitMs);
  }
}

/** A wish that came as a form has objects that nobody else knows: they go when there is no new job that needs them. */
type FormWish = Wish & { discard?: () => Promise<void> };

async function discardUnlessNew(submitted: Promise<Admitted>, discard: () => Promise<void>): Promise<void> {
  // A refusal is certain. After any other failure the job may stand in the ledger all the same, and need its objects.
  const created = await submitted.then(
    (admitted) => admitted.created,
    (error: unknown) => !(error instanceof Problem),
  );
  // An object too many does no harm.
  if (!created) await discard().catch(() => undefined);
}

/** Answers what looks like a command, but stands in no catalog. */
@Controller('v1')
export class UnknownCommandController {
  @Post(':service/:command')
  refuse(@Param('service') service: string, @Param('command') name: string): never {
    throw new Problem('not_found', `There is no command ${service}.${name}. /openapi.json lists what there is.`);
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

import { Controller, Param, Post } from '@nestjs/common';
import type { Catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition } from '@tandem/contracts/command';
import { isFinal, type JobView } from '@tandem/contracts/job';
import { commandRoute } from '@tandem/contracts/subjects';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type CallerGuard, header, requireScope } from '../http/caller.js';
import { waitSeconds } from '../http/prefer.js';
import { Problem } from '../http/problem.js';
import type { ProblemFilter } from '../http/problem-filter.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import type { ObjectFinder } from '../objects/find-objects.js';
import type { Admitted, JobAdmission, Submission } from './admit-job.js';
import type { JobFinder } from './find-jobs.js';
import type { JobFollower } from './follow-job.js';
import type { JobPublication } from './publish-jobs.js';

type Work = Pick<Submission, 'command' | 'input' | 'objects'>;

/** Makes a job of what a caller sends to the route of a command. */
export class CommandSubmission {
  constructor(
    private readonly guard: CallerGuard,
    private readonly problems: ProblemFilter,
    private readonly objects: ObjectFinder,
    private readonly admission: JobAdmission,
    private readonly publication: JobPublication,
    private readonly finder: JobFinder,
    private readonly follower: JobFollower,
  ) {}

  /**
   * The REST route of every command: `POST /v1/<service>/<command>`. They stand on Fastify itself: this is the busiest
   * path of all, and Nest's guards, parameters and pipes took about a tenth of the processor time of a job.
   */
  route(server: FastifyInstance, catalog: Catalog): void {
    const errorHandler = this.problems.answer.bind(this.problems);
    for (const command of catalog.all()) {
      server.post(commandRoute(command), { errorHandler }, async (request, reply) =>
        this.#submit(command, await this.guard.identify(request, reply), request, reply),
      );
    }
  }

  async #submit(
    command: CommandDefinition,
    caller: Principal,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<JobView> {
    requireScope(caller, command.scope);
    const wait = waitSeconds(header(request, 'prefer'));
    const key = validKey(header(request, 'idempotency-key'));
    const input = validate(command.input, request.body);
    const objects = await this.objects.resolve(caller, command.reads?.(input) ?? []);
    const admitted = await this.admission.admit({ command, input, objects, principal: caller, idempotencyKey: key });
    // In this order: who waits must be listening before the job can run.
    const answer = this.#answer(caller, admitted, wait * 1_000);
    if (admitted.created) this.#publish(admitted.id, { command, input, objects }, caller);
    else reply.header('idempotency-replayed', 'true');
    const view = await answer;
    if (wait > 0) reply.header('preference-applied', `wait=${wait}`);
    reply.status(isFinal(view.status) && wait > 0 ? 200 : 202);
    reply.header('location', `/v1/jobs/${admitted.id}`);
    return view;
  }

  #publish(jobId: string, { command, input, objects }: Work, { tenant, actor }: Principal): void {
    const { attempts } = command;
    this.publication.offer({ jobId, tenant, actor, command, input, objects, run: 1, attempt: 1, attempts });
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

/** Answers what looks like a command, but stands in no catalog. */
@Controller('v1')
export class UnknownCommandController {
  @Post(':service/:command')
  refuse(@Param('service') service: string, @Param('command') name: string): never {
    throw new Problem('not_found', `There is no command ${service}.${name}. /openapi.json lists what there is.`);
  }
}

function validKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem(
    'invalid_input',
    'Idempotency-Key takes 1 to 255 visible ASCII characters without spaces; a UUID is a good choice.',
    [{ pointer: '/idempotency-key', detail: 'must be 1 to 255 visible ASCII characters' }],
  );
}

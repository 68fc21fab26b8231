import { Body, Controller, Headers, HttpStatus, Param, Post, Res } from '@nestjs/common';
import { Catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition } from '@tandem/contracts/command';
import { isFinal, type JobView } from '@tandem/contracts/job';
import type { FastifyReply } from 'fastify';
import { Caller, requireScope } from '../http/caller.js';
import { waitSeconds } from '../http/prefer.js';
import { Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { ObjectFinder } from '../objects/find-objects.js';
import { type Admitted, JobAdmission, type Submission } from './admit-job.js';
import { JobFinder } from './find-jobs.js';
import { JobFollower } from './follow-job.js';
import { JobPublication } from './publish-jobs.js';

type Work = Pick<Submission, 'command' | 'input' | 'objects'>;

/** The REST route of every command: `POST /v1/<service>/<command>` becomes a job. */
@Controller('v1')
export class SubmitCommandController {
  constructor(
    private readonly catalog: Catalog,
    private readonly objects: ObjectFinder,
    private readonly admission: JobAdmission,
    private readonly publication: JobPublication,
    private readonly finder: JobFinder,
    private readonly follower: JobFollower,
  ) {}

  @Post(':service/:command')
  async submit(
    @Param('service') service: string,
    @Param('command') name: string,
    @Caller() caller: Principal,
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView> {
    const command = this.#command(`${service}.${name}`);
    requireScope(caller, command.scope);
    const wait = waitSeconds(prefer);
    const key = validKey(idempotencyKey);
    const input = validate(command.input, body);
    const objects = await this.objects.resolve(caller, command.reads?.(input) ?? []);
    const admitted = await this.admission.admit({ command, input, objects, principal: caller, idempotencyKey: key });
    // In this order: who waits must be listening before the job can run.
    const answer = this.#answer(caller, admitted, wait * 1_000);
    if (admitted.created) this.#publish(admitted.id, { command, input, objects }, caller);
    else reply.header('idempotency-replayed', 'true');
    const view = await answer;
    if (wait > 0) reply.header('preference-applied', `wait=${wait}`);
    reply.status(isFinal(view.status) && wait > 0 ? HttpStatus.OK : HttpStatus.ACCEPTED);
    reply.header('location', `/v1/jobs/${admitted.id}`);
    return view;
  }

  #command(type: string): CommandDefinition {
    const command = this.catalog.get(type);
    if (command) return command;
    throw new Problem('not_found', `There is no command ${type}. /openapi.json lists what there is.`);
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

function validKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem(
    'invalid_input',
    'Idempotency-Key takes 1 to 255 visible ASCII characters without spaces; a UUID is a good choice.',
    [{ pointer: '/idempotency-key', detail: 'must be 1 to 255 visible ASCII characters' }],
  );
}

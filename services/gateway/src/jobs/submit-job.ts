import { Catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition } from '@tandem/contracts/command';
import type { JobOptions } from '@tandem/contracts/job-options';
import type { ObjectReference } from '@tandem/contracts/object';
import { CallbackRules } from '../callbacks/accept-callback.js';
import { requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { ObjectFinder } from '../objects/find-objects.js';
import type { NamedPreset, PresetFilling } from '../presets/fill-presets.js';
import { SupabaseAccess } from '../supabase/grant-access.js';
import type { NamedTemplate, TemplateFilling } from '../templates/fill-templates.js';
import { type Admitted, JobAdmission, type Submission } from './admit-job.js';
import { JobFinder } from './find-jobs.js';
import { planOf } from './plan-job.js';
import { JobPublication } from './publish-jobs.js';
import { JobRelease } from './release-jobs.js';
import { TenantWindows } from './tenant-windows.js';

/** What a caller wants done. */
export interface Wish {
  command: CommandDefinition;
  input: unknown;
  options?: JobOptions;
  idempotencyKey?: string;
  /** Properties of the input that count for the idempotency key as what stands here. */
  sent?: Record<string, unknown>;
  /** JSON pointer of the request that holds `input` and `options`; undefined when the body is the input itself. */
  at?: string;
}

/** A wish that was found good, and the objects that it names, which are still to be looked up. */
export interface Prepared {
  submission: Submission;
  references: ObjectReference[];
  /** JSON pointer of the input in the request. */
  inputAt: string;
  /** Presets that are still to be filled in, and the pointer of the input. */
  presets?: { named: NamedPreset[]; at: string };
  /** The template that is still to be found. */
  template?: NamedTemplate;
  /** Objects that only presets name. */
  presetReferences?: ObjectReference[];
}

/** Submits jobs: checks what the caller may do and what the command takes, admits, and hands to the broker. */
export class JobSubmission {
  constructor(
    private readonly catalog: Catalog,
    private readonly objects: ObjectFinder,
    private readonly presets: PresetFilling,
    private readonly admission: JobAdmission,
    private readonly windows: TenantWindows,
    private readonly release: JobRelease,
    private readonly publication: JobPublication,
    private readonly finder: JobFinder,
    private readonly callbacks: CallbackRules,
    private readonly supabase: SupabaseAccess,
    private readonly templates: TemplateFilling,
  ) {}

  /** Throws a `Problem`: `not_found` for a command that does not exist, `forbidden` when the caller lacks its scope. */
  command(caller: Principal, type: string): CommandDefinition {
    const command = this.catalog.get(type);
    if (!command) throw new Problem('not_found', `There is no command ${type}. /openapi.json lists what there is.`);
    requireScope(caller, command.scope);
    return command;
  }

  /** Checks a wish without admitting it or filling presets and templates in. Throws a `Problem` that names what is wrong. */
  prepare(caller: Principal, { command, input, options, idempotencyKey, sent, at }: Wish, now: Date): Prepared {
    const inputAt = at === undefined ? '' : `${at}/input`;
    const valid = validate(command.input, input, 'body', inputAt);
    const plan = planOf(command, options, now, `${at ?? ''}/options`);
    this.callbacks.check(caller.tenant, plan.callback, `${at ?? ''}/options/callback`);
    const references = (command.reads?.(valid) ?? []).map((reference) => ({
      ...reference,
      pointer: inputAt + reference.pointer,
    }));
    const { tenant, actor } = caller;
    const submission: Submission = {
      command,
      input: valid,
      principal: { tenant, actor },
      plan,
      idempotencyKey,
      requested: options,
      sent: sent && { ...(valid as object), ...sent },
    };
    const named = command.presets?.named(valid);
    const presets = named?.length ? { named, at: inputAt } : undefined;
    return { submission, references, inputAt, presets, template: command.templates?.named(valid) };
  }

  /** Fills presets and templates in. Throws a `Problem` that names one that does not exist or does not fit. */
  async fill(caller: Principal, prepared: Prepared): Promise<void> {
    const { submission, presets, template, inputAt } = prepared;
    const { command, input } = submission;
    if (presets) {
      submission.sent ??= input;
      const filled = await this.presets.fill(caller, command, input, presets.named, presets.at);
      submission.input = filled.input;
      prepared.presetReferences = filled.references;
    }
    if (template) {
      submission.sent ??= input;
      submission.input = await this.templates.fill(caller, command, submission.input, template, inputAt);
    }
  }

  /**
   * Looks up the objects that wishes name, and asks Supabase Storage for its files. Throws a `Problem` that names what the
   * caller may not use.
   */
  async resolveObjects(caller: Principal, prepared: readonly Prepared[]): Promise<void> {
    await this.#findObjects(caller, prepared);
    await this.supabase.grant(caller, prepared);
  }

  async #findObjects(caller: Principal, prepared: readonly Prepared[]): Promise<void> {
    const own = await this.objects.resolve(
      caller,
      prepared.flatMap(({ references }) => references),
    );
    // A logo in a preset is the tenant's to use, though only its owner could name it in a request.
    const shared = await this.objects.resolve(
      { ...caller, role: 'service_role' },
      prepared.flatMap(({ presetReferences = [] }) => presetReferences),
    );
    if (!own && !shared) return;
    for (const { submission, references, presetReferences = [] } of prepared) {
      if (references.length + presetReferences.length === 0) continue;
      submission.objects = {
        ...Object.fromEntries(references.map(({ id }) => [id, own![id]!])),
        ...Object.fromEntries(presetReferences.map(({ id }) => [id, shared![id]!])),
      };
    }
  }

  /**
   * When it resolves, the job is on disk. `onAdmitted` is called before the job can run, so that who waits for it can
   * listen. Throws a `Problem` that names what is wrong.
   */
  async submit(
    caller: Principal,
    wish: Wish,
    onAdmitted: (admitted: Admitted) => void = () => undefined,
  ): Promise<Admitted> {
    const now = new Date();
    const prepared = this.prepare(caller, wish, now);
    const { submission } = prepared;
    const { plan } = submission;
    if (prepared.presets || prepared.template) await this.fill(caller, prepared);
    await this.resolveObjects(caller, [prepared]);
    if (plan.parent) await this.checkParent(caller, plan.parent, `${wish.at ?? ''}/options/parent`);
    this.takePlace(submission);
    const admitted = await this.#admit(submission, now);
    onAdmitted(admitted);
    if (admitted.created) this.dispatch(admitted.id, submission);
    return admitted;
  }

  /** A job that may run now takes a place in its tenant's window, or waits for one. */
  takePlace(submission: Submission): void {
    const { command, principal, plan } = submission;
    submission.waiting = plan.runAt === undefined && !this.windows.enter(command.type, principal.tenant);
  }

  /** Gives back the place of a job that was not admitted after all. */
  leavePlace({ command, principal, plan, waiting }: Submission): void {
    if (plan.runAt === undefined && !waiting) this.windows.leave(command.type, principal.tenant);
  }

  /** Hands a job that stands in the ledger to the broker, or to whatever will do so in time. */
  dispatch(jobId: string, { command, input, objects, supabase, principal, plan, waiting }: Submission): void {
    const { tenant, actor } = principal;
    if (waiting) {
      this.windows.queued(command.type, tenant);
      this.release.wake();
    } else if (!plan.runAt) {
      const { lane, attempts, timeoutMs, backoff, expiresAt } = plan;
      const first = { run: 1, attempt: 1, attempts, lane, timeoutMs, backoff, expiresAt };
      this.publication.offer({ jobId, tenant, actor, command, input, objects, supabase, ...first });
    }
  }

  /** Throws a `Problem` `not_found` when the caller has no such job. */
  async checkParent(caller: Principal, parent: string, pointer: string): Promise<void> {
    await this.finder.history(caller, parent).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code !== 'not_found') throw error;
      const detail = 'there is no such job, or it is not yours';
      throw new Problem('not_found', `${pointer}: ${detail}`, [{ pointer, detail }]);
    });
  }

  async #admit(submission: Submission, now: Date): Promise<Admitted> {
    try {
      const admitted = await this.admission.admit(submission, now);
      if (!admitted.created) this.leavePlace(submission);
      return admitted;
    } catch (error) {
      this.leavePlace(submission);
      throw error;
    }
  }
}

import type { CommandDefinition, InputOf, OutputOf } from '@tandem/contracts/command';
import type { StoredObject } from '@tandem/contracts/object';
import type { SupabaseGrants } from '@tandem/contracts/supabase-grants';

/** The job that a handler works for. */
export interface JobContext {
  readonly id: string;
  readonly tenant: string;
  readonly actor: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly attempts: number;
  /** The objects that the input names, by id, checked by the gateway. */
  readonly objects: Readonly<Record<string, StoredObject>>;
  /** What the caller may read and write in Supabase Storage, by URLs that are secrets. */
  readonly supabase?: SupabaseGrants;
  /** Whether an earlier delivery or run may have had effects. */
  readonly again?: boolean;
}

/** What a handler receives: validated input, the job, a signal that aborts at timeout or shutdown, and a progress report. */
export interface CommandContext<C extends CommandDefinition> {
  readonly data: InputOf<C>;
  readonly job: JobContext;
  readonly signal: AbortSignal;
  /** @param fraction 0 to 1. Throttled; call as often as is convenient. */
  progress(fraction: number, message?: string): void;
}

/** A handler class of command `C`: one per command, in a file named after it. */
export interface CommandHandler<C extends CommandDefinition> {
  handle(context: CommandContext<C>): Promise<OutputOf<C>>;
}

import type { Callback } from '@tandem/contracts/callback';
import type { PolicyOf } from '@tandem/egress/policy';
import { refusalByLetters } from '@tandem/egress/refusal-by-letters';
import { Problem } from '../http/problem.js';

/** Decides which callbacks a submission may ask for. */
export class CallbackRules {
  constructor(
    private readonly secrets: readonly string[],
    private readonly policyOf: PolicyOf,
  ) {}

  /** Throws a `Problem` `invalid_input` that names the option, which stands at `pointer`. */
  check(tenant: string, callback: Callback | undefined, pointer: string): void {
    if (!callback) return;
    if (this.secrets.length === 0)
      refuse(pointer, 'callbacks are switched off here, since no CALLBACK_SECRETS is set to sign them; leave it out');
    const reason = refusalByLetters(callback.url, this.policyOf(tenant));
    if (reason !== undefined) refuse(`${pointer}/url`, reason);
  }
}

function refuse(pointer: string, detail: string): never {
  throw new Problem('invalid_input', `${pointer}: ${detail}`, [{ pointer, detail }]);
}

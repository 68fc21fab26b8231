import type { Callback } from '@tandem/contracts/callback';
import { Problem } from '../http/problem.js';

/** Decides which callbacks a submission may ask for. */
export class CallbackRules {
  /** @param plainlyDenied why a URL can be refused by its look alone, such as `http://10.0.0.1/`; undefined when it cannot */
  constructor(
    private readonly secrets: readonly string[],
    private readonly plainlyDenied: (url: string) => string | undefined,
  ) {}

  /** Throws a `Problem` `invalid_input` that names the option, which stands at `pointer`. */
  check(callback: Callback | undefined, pointer: string): void {
    if (!callback) return;
    if (this.secrets.length === 0)
      refuse(pointer, 'callbacks are switched off here, since no CALLBACK_SECRETS is set to sign them; leave it out');
    const reason = this.plainlyDenied(callback.url);
    if (reason !== undefined) refuse(`${pointer}/url`, reason);
  }
}

function refuse(pointer: string, detail: string): never {
  throw new Problem('invalid_input', `${pointer}: ${detail}`, [{ pointer, detail }]);
}

import type { Resolve } from './resolve.js';

interface Waiting {
  tenant: string | undefined;
  begin: () => void;
}

/**
 * Looks up `atOnce` names at once, of one tenant never so many that no place is left for others: names that hang, as those of a
 * hostile page do, are waited for by who asked for them. One that nobody waits for any more is not looked up.
 */
export function fairly(lookUp: (host: string) => Promise<readonly string[]>, atOnce: number): Resolve {
  const mostOfOne = Math.max(1, atOnce - 1);
  const running = new Map<string | undefined, number>();
  const waiting = new Set<Waiting>();
  let free = atOnce;

  const beginNext = () => {
    for (const one of waiting) {
      const own = running.get(one.tenant) ?? 0;
      if (free === 0) return;
      if (own >= mostOfOne) continue;
      free -= 1;
      running.set(one.tenant, own + 1);
      waiting.delete(one);
      one.begin();
    }
  };

  const end = (tenant: string | undefined) => {
    const own = running.get(tenant)! - 1;
    if (own === 0) running.delete(tenant);
    else running.set(tenant, own);
    free += 1;
    beginNext();
  };

  const enter = (tenant: string | undefined, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        waiting.delete(one);
        reject(signal.reason);
      };
      const begin = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const one = { tenant, begin };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.add(one);
      beginNext();
    });

  return async (host, signal, tenant) => {
    signal.throwIfAborted();
    await enter(tenant, signal);
    try {
      return await lookUp(host);
    } finally {
      end(tenant);
    }
  };
}

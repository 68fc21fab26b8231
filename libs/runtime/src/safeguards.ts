import { type EventLoopWatchdog, startEventLoopWatchdog } from './event-loop-watchdog.js';
import type { Lifecycle } from './lifecycle.js';
import { type GiveUp, restartBySupervisor } from './stragglers.js';

/** Longer than JetStream waits for a heartbeat (10 s): by then the jobs of a blocked process are with others. */
const BLOCKED_LIMIT_MS = 20_000;

/** What a process does about work that does not listen; empty for one that nobody would start again. */
export interface Safeguards {
  watchdog?: EventLoopWatchdog;
  giveUp?: GiveUp;
}

/** For a process of its own, which Kubernetes, systemd or compose starts again when it ends. */
export function supervised(service: string, lifecycle: Lifecycle): Safeguards {
  const watchdog = startEventLoopWatchdog({ service, limitMs: BLOCKED_LIMIT_MS });
  lifecycle.onStop('watchdog', 1_000, () => watchdog.stop());
  return { watchdog, giveUp: restartBySupervisor(lifecycle) };
}

import { url as inspectorUrl } from 'node:inspector';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** See {@link startEventLoopWatchdog}. */
export interface WatchdogOptions {
  /** Names the process in the log line. */
  service: string;
  /** How long the event loop may be blocked. It ends the process with everything in it: choose generously. */
  limitMs: number;
}

/** A running watchdog. */
export interface EventLoopWatchdog {
  /**
   * Notes that `label` (`media.transform <job>`, cut after 100 bytes) runs; call what it returns when it no longer does.
   * Costs less than a microsecond. Should the loop block, the log line names all that runs.
   */
  running(label: string): () => void;
  /** Watches no longer. */
  stop(): Promise<void>;
}

/** What the thread is told, and where things are in the memory that both see. */
export interface WatchdogThreadData extends WatchdogOptions {
  shared: SharedArrayBuffer;
  tickMs: number;
  slots: number;
  slotBytes: number;
}

/** More runs than that at once are not named. */
const SLOTS = 64;
/** Two bytes of length, then the label. */
const SLOT_BYTES = 102;
const LENGTH_BYTES = 2;
/** The first bytes: a counter that the event loop moves on, and whether a debugger is open. */
const HEADER_BYTES = 8;

/**
 * Ends this process by SIGKILL when its event loop has been blocked for longer than `limitMs`, after one line of JSON on
 * stderr that names what ran and where the code stands. Nothing in the process can do it otherwise: timers, signals'
 * listeners and heartbeats all wait for the loop.
 *
 * A thread watches a counter that a timer moves on. It counts its own ticks, not the clock: while the process is stopped
 * (SIGSTOP, a suspended laptop) the thread stands still too. Holds back while a debugger is open. Costs two wake-ups per
 * tenth of the limit (at most one second), and does not keep the process alive.
 */
export function startEventLoopWatchdog({ service, limitMs }: WatchdogOptions): EventLoopWatchdog {
  const tickMs = Math.min(1_000, Math.max(10, Math.floor(limitMs / 10)));
  const shared = new SharedArrayBuffer(HEADER_BYTES + SLOTS * SLOT_BYTES);
  const [beats, debugged] = [new Int32Array(shared, 0, 1), new Int32Array(shared, 4, 1)];
  const beat = () => {
    Atomics.store(debugged, 0, inspectorUrl() === undefined ? 0 : 1);
    Atomics.add(beats, 0, 1);
  };
  beat();
  const timer = setInterval(beat, tickMs).unref();
  const data: WatchdogThreadData = { service, limitMs, tickMs, shared, slots: SLOTS, slotBytes: SLOT_BYTES };
  const thread = new Worker(
    new URL(`./event-loop-watchdog-thread${extname(import.meta.filename)}`, import.meta.url),
    // No environment and no flags of the parent: an `--import` would run there again.
    { name: 'event-loop-watchdog', workerData: data, execArgv: [], env: {} },
  );
  thread.unref();
  thread.on('error', (cause) => process.emitWarning(`The event loop is not watched any more: ${cause}`));
  return {
    running: labelWriter(Buffer.from(shared, HEADER_BYTES)),
    stop: async () => {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}

/** A slot for each run, freed by an empty length. */
function labelWriter(memory: Buffer): (label: string) => () => void {
  const free = Array.from({ length: SLOTS }, (_, slot) => slot * SLOT_BYTES);
  return (label) => {
    const at = free.pop();
    if (at === undefined) return () => {};
    const length = memory.write(label, at + LENGTH_BYTES, SLOT_BYTES - LENGTH_BYTES, 'utf8');
    memory.writeUInt16LE(length, at);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      memory.writeUInt16LE(0, at);
      free.push(at);
    };
  };
}

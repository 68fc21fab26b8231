/**
 * The thread of `event-loop-watchdog.ts`. It imports no sibling's values, so that it runs from the sources as well.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { type Debugger, type Runtime, Session } from 'node:inspector';
import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';
import type { WatchdogThreadData } from './event-loop-watchdog.js';

const HEADER_BYTES = 8;
const LENGTH_BYTES = 2;
/** What a main thread in native code does not answer in; in JavaScript it does, even where the machine is busy. */
const ANSWER_MS = 3_000;
const FRAMES = 12;

const { service, limitMs, tickMs, shared, slots, slotBytes } = workerData as WatchdogThreadData;
const [beats, debugged] = [new Int32Array(shared, 0, 1), new Int32Array(shared, 4, 1)];

let seen = Atomics.load(beats, 0);
let blockedMs = 0;
let lookedAt = performance.now();
let condemned = false;

setInterval(() => {
  const now = performance.now();
  // A tick that took much longer means that this thread stood still as well, and so says nothing about the loop.
  const elapsed = Math.min(now - lookedAt, 2 * tickMs);
  lookedAt = now;
  const current = Atomics.load(beats, 0);
  blockedMs = current === seen ? blockedMs + elapsed : 0;
  seen = current;
  // The last beat may be one tick older than the block.
  if (blockedMs <= limitMs + tickMs || Atomics.load(debugged, 0) === 1 || condemned) return;
  condemned = true;
  void end();
}, tickMs);

async function end(): Promise<void> {
  const measured = Math.round(blockedMs);
  const session = new Session();
  const found = await Promise.race([lookAtMainThread(session), after(ANSWER_MS)]);
  if (found?.debugged) Atomics.store(debugged, 0, 1); // by SIGUSR1, to see what blocks: hands off until the next beat
  if (found?.debugged || Atomics.load(beats, 0) !== seen) {
    session.post('Debugger.resume');
    session.disconnect();
    condemned = false;
    blockedMs = 0;
    return;
  }
  log({
    level: 'fatal',
    time: new Date().toISOString(),
    service,
    pid: process.pid,
    blockedMs: measured,
    limitMs,
    running: labels(),
    stack: found?.stack ?? 'in native code, which does not answer',
    msg: 'the event loop was blocked for too long, the process is killed',
  });
  process.kill(process.pid, 'SIGKILL');
}

/** Asks V8 where the main thread stands, and leaves it paused there. Works in an endless loop and in most waits. */
function lookAtMainThread(session: Session): Promise<{ debugged: boolean; stack: string[] }> {
  return new Promise((resolve) => {
    session.connectToMainThread();
    const urls = new Map<string, string>();
    let open = false;
    session.on('Debugger.scriptParsed', ({ params }: { params: Debugger.ScriptParsedEventDataType }) => {
      urls.set(params.scriptId, params.url);
    });
    session.on('Debugger.paused', ({ params }: { params: Debugger.PausedEventDataType }) => {
      const stack = params.callFrames.slice(0, FRAMES).map(({ functionName, location }) => {
        const file = urls.get(location.scriptId) ?? '';
        return `${functionName || '(anonymous)'} (${file}:${location.lineNumber + 1})`;
      });
      resolve({ debugged: open, stack });
    });
    const expression = "process.getBuiltinModule('node:inspector').url() !== undefined";
    session.post('Runtime.evaluate', { expression }, (_, answer?: Runtime.EvaluateReturnType) => {
      open = answer?.result.value === true;
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  });
}

function labels(): string[] {
  const memory = Buffer.from(shared, HEADER_BYTES);
  return Array.from({ length: slots }, (_, slot) => {
    const start = slot * slotBytes + LENGTH_BYTES;
    return memory.toString('utf8', start, start + memory.readUInt16LE(slot * slotBytes));
  }).filter((label) => label !== '');
}

function log(line: object): void {
  try {
    writeSync(stderr(), `${JSON.stringify(line)}\n`);
  } catch {
    // Nobody reads stderr; the end must come all the same.
  }
}

/** stderr without waiting: when whoever reads the logs stands still, that may be what blocks the loop as well. */
function stderr(): number {
  if (!fstatSync(2).isFIFO()) return 2;
  return openSync('/dev/fd/2', constants.O_WRONLY | constants.O_NONBLOCK);
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined));
}

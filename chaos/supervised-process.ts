import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { wrap } from '@tandem/embedded/privileges';

const READY_WITHIN_MS = 60_000;
const START_AGAIN_MS = 500;

/** A process that ended although nobody had asked it to. */
export interface Crash {
  name: string;
  at: string;
  how: string;
  lastWords: string;
}

/** A Node process that is started again when it dies by itself, as an orchestrator does. */
export class SupervisedProcess {
  readonly crashes: Crash[] = [];
  readonly name: string;
  readonly #script: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #logFile: string;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #wanted = false;

  constructor(name: string, script: string, env: Record<string, string>, logs: string) {
    this.name = name;
    this.#script = join(import.meta.dirname, script);
    this.#env = { ...process.env, ...env };
    this.#logFile = join(logs, `${name}.txt`);
  }

  /** Resolves when it is ready; a start that fails, as it must while a server is away, is tried again. */
  async start(): Promise<void> {
    this.#wanted = true;
    while (this.#wanted && !(await this.#tryStart())) await sleep(START_AGAIN_MS);
  }

  /** Of the process that runs, or that ran last. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Resolves when it is gone, and stays gone until the next start. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#wanted = false;
    this.#child?.kill(signal);
    await this.#ended;
  }

  async #tryStart(): Promise<boolean> {
    const log = openSync(this.#logFile, 'a');
    const { file, args } = wrap(process.execPath, [this.#script], { signalOnOurDeath: 'TERM' });
    const child = spawn(file, args, { env: this.#env, stdio: ['ignore', 'pipe', log], detached: true });
    closeSync(log);
    this.#child = child;
    let isReady = false;
    const ended = new Promise<boolean>((resolve) => {
      child.once('exit', (code, signal) => {
        if (isReady && this.#wanted) this.#crashed(signal ?? `code ${code}`);
        resolve(false);
      });
    });
    this.#ended = ended;
    const ready = new Promise<boolean>((resolve) => child.stdout!.once('data', () => resolve(true)));
    child.stdout!.resume();
    const deadline = new AbortController();
    const late = sleep(READY_WITHIN_MS, false, { signal: deadline.signal }).catch(() => false);
    isReady = await Promise.race([ready, ended, late]);
    deadline.abort();
    if (!isReady) child.kill('SIGKILL');
    if (!isReady) await ended;
    return isReady;
  }

  #crashed(how: string): void {
    const lastWords = readFileSync(this.#logFile, 'utf8').trim().split('\n').slice(-2).join('\n').slice(-2_000);
    this.crashes.push({ name: this.name, at: new Date().toISOString(), how, lastWords });
    void this.start();
  }
}

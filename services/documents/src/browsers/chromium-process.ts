import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer, { type Browser } from 'puppeteer-core';
import { chromiumFlags } from './chromium-flags.js';
import { obstacle, withLeastPrivilege } from './least-privilege.js';
import { PipeTransport } from './pipe-transport.js';
import { groupMemory } from './process-memory.js';
import { profileFolder, removeProfile } from './profile-folder.js';

/** How a browser is started. */
export interface ChromiumOptions {
  program: string;
  proxyUrl: string;
  sandbox: boolean;
}

const START_MS = 30_000;
const CLOSE_MS = 2_000;
const STDERR_CHARS = 4_000;

const ENDED = 'Chromium ended at once. The log of the service has its last words; CHROMIUM_BIN names another one.';
const SILENT = `Chromium did not answer within ${START_MS / 1_000} s. The machine may be overloaded; CHROMIUM_BIN names another one.`;

/** Chromium does not start. The message tells an operator what to change. */
export class ChromiumStartFailed extends Error {
  constructor(
    message: string,
    /** What it printed last: for the log only, it names paths. */
    readonly lastWords = '',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

// Where nothing tells a browser of our death, an orderly end of ours still takes it along.
const running = new Set<number>();
process.once('exit', () => running.forEach(killGroup));

/** A running browser and all its processes. */
export class ChromiumProcess {
  private constructor(
    readonly pid: number,
    readonly browser: Browser,
    /** Resolves when the browser and the folder of its profile are gone. */
    readonly exited: Promise<void>,
  ) {}

  /** Throws `ChromiumStartFailed`. */
  static async start({ program, ...options }: ChromiumOptions): Promise<ChromiumProcess> {
    const reason = obstacle(program);
    if (reason) throw new ChromiumStartFailed(reason);
    const profile = await profileFolder(program);
    const flags = await chromiumFlags(options);
    const child = spawnChromium(program, profile ? [...flags, `--user-data-dir=${profile}`] : flags);
    let words = '';
    child.stderr!.on('data', (chunk) => {
      words = (words + chunk).slice(-STDERR_CHARS);
    });
    const exited = new Promise<void>((resolve) => {
      const end = () => {
        killGroup(child.pid);
        void removeProfile(profile).then(resolve);
      };
      child.once('exit', end);
      child.once('error', (error) => {
        words += error.message;
        end();
      });
    });
    if (child.pid) running.add(child.pid);
    void exited.then(() => running.delete(child.pid!));
    try {
      const transport = new PipeTransport(child.stdio[3] as Writable, child.stdio[4] as Readable);
      const connected = puppeteer.connect({ transport, defaultViewport: null, issuesEnabled: false });
      const browser = await Promise.race([
        connected,
        exited.then(() => Promise.reject(new ChromiumStartFailed(ENDED))),
        sleep(START_MS, undefined, { ref: false }).then(() => Promise.reject(new ChromiumStartFailed(SILENT))),
      ]);
      return new ChromiumProcess(child.pid!, browser, exited);
    } catch (cause) {
      killGroup(child.pid);
      await exited;
      const why = cause instanceof ChromiumStartFailed ? cause.message : ENDED;
      throw new ChromiumStartFailed(why, words.trim(), { cause });
    }
  }

  /** Ends every process of the browser, whatever they do. */
  async kill(): Promise<void> {
    killGroup(this.pid);
    await this.exited;
  }

  /** Asks the browser to end, and kills it when it does not in 2 s. */
  async close(): Promise<void> {
    void this.browser.close().catch(() => undefined);
    await Promise.race([this.exited, sleep(CLOSE_MS, undefined, { ref: false })]);
    await this.kill();
  }

  memory(): ReturnType<typeof groupMemory> {
    return groupMemory(this.pid);
  }
}

function spawnChromium(program: string, flags: string[]): ChildProcess {
  const { file, args, uid, gid } = withLeastPrivilege(program, flags);
  return spawn(file, args, {
    // A group of its own: one signal reaches all its processes, and Ctrl-C at a terminal none before our drain.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    uid,
    gid,
    // Nothing of our environment, which holds secrets. A document says its time zone, or gets UTC.
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C.UTF-8', TZ: 'UTC' },
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL');
  } catch {
    // all gone
  }
}

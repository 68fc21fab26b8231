import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer, { type Browser } from 'puppeteer-core';
import { chromiumFlags } from './chromium-flags.js';
import { withLeastPrivilege } from './least-privilege.js';
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

/** A running browser and all its processes. */
export class ChromiumProcess {
  private constructor(
    readonly pid: number,
    readonly browser: Browser,
    /** Resolves when the browser and the folder of its profile are gone. */
    readonly exited: Promise<void>,
  ) {}

  /** Throws an `Error` with the browser's last words when it does not start. */
  static async start({ program, ...options }: ChromiumOptions): Promise<ChromiumProcess> {
    const profile = profileFolder(program);
    const flags = await chromiumFlags(options);
    const child = spawnChromium(program, profile ? [...flags, `--user-data-dir=${profile}`] : flags);
    let words = '';
    child.stderr!.on('data', (chunk) => {
      words = (words + chunk).slice(-STDERR_CHARS);
    });
    const exited = new Promise<void>((resolve) => {
      const end = () => {
        killGroup(child.pid);
        removeProfile(profile);
        resolve();
      };
      child.once('exit', end);
      child.once('error', (error) => {
        words += error.message;
        end();
      });
    });
    // Where nothing tells the browser of our death, an orderly end of ours still takes it along.
    const atExit = () => killGroup(child.pid);
    process.once('exit', atExit);
    void exited.then(() => process.off('exit', atExit));
    try {
      const transport = new PipeTransport(child.stdio[3] as Writable, child.stdio[4] as Readable);
      const connected = puppeteer.connect({ transport, defaultViewport: null, issuesEnabled: false });
      const browser = await Promise.race([
        connected,
        exited.then(() => Promise.reject(new Error('it ended at once'))),
        sleep(START_MS, undefined, { ref: false }).then(() => Promise.reject(new Error('it does not answer'))),
      ]);
      return new ChromiumProcess(child.pid!, browser, exited);
    } catch (cause) {
      killGroup(child.pid);
      await exited;
      throw new Error(`${(cause as Error).message}: ${words.trim() || 'it said nothing'}`, { cause });
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

import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RetryLater } from '@tandem/messaging/outcome';
import { findProgram } from './find-program.js';
import { explainQpdf } from './qpdf-errors.js';
import { type Bounds, millisecondsUntil, runBounded } from './run-bounded.js';

/** What qpdf is to do, as its job JSON (`qpdf --job-json-help`): no name and no password is ever taken for an option. */
export type QpdfJob = Readonly<Record<string, unknown>>;

/** One run. */
export interface QpdfRun {
  /** A private folder. */
  folder: string;
  signal: AbortSignal;
  /** Begins the sentence when it fails: which document it is about. */
  what: string;
  /** When it ends at the latest, with all else that its job does (`performance.now()`). */
  deadline: number;
  /** Of a file that it writes, where that is not to be the general limit. */
  fileMb?: number;
}

/** The first with JSON of version 2. */
const OLDEST = 11;
const WAIT_MS = 60_000;

/** Runs qpdf: a process for each piece of work, with limits of its own, no shell, and nothing secret that `ps` shows. */
export class Qpdf {
  /** The program that was asked for its version, and is new enough. */
  #checked?: string;

  /** `bounds.seconds` is what all runs of one job may take together. */
  constructor(
    private readonly configured: string | undefined,
    private readonly bounds: Bounds,
  ) {}

  /** Why jobs wait, where there is no qpdf. */
  get problem(): string | undefined {
    return findProgram('qpdf', this.configured) ? undefined : missing('has no qpdf').detail;
  }

  /** For the runs of a job that begins now. */
  deadline(): number {
    return performance.now() + this.bounds.seconds * 1_000;
  }

  /**
   * What qpdf printed. Throws `Rejected` for what the document is at fault for, `RetryLater` when there is no qpdf, the
   * signal's reason, or a plain error.
   */
  async run(job: QpdfJob, run: QpdfRun): Promise<string> {
    const { folder, signal, what, deadline, fileMb = this.bounds.fileMb } = run;
    const program = await this.#program(folder, signal);
    const bounds = { ...this.bounds, fileMb };
    const seconds = millisecondsUntil(deadline) / 1_000;
    const file = join(folder, `${randomUUID()}.json`);
    try {
      // Passwords are in it: for us alone to read, in a folder for us alone, and gone when qpdf has ended.
      await writeFile(file, JSON.stringify({ ...job, warningExit0: '', noWarn: '' }), { mode: 0o600 });
      const end = await runBounded(program, [`--job-json-file=${file}`], {
        cwd: folder,
        bounds: { ...bounds, seconds },
        signal,
      });
      if (end.code === 0 && !end.stopped) return end.stdout;
      throw explainQpdf(end, bounds, what);
    } finally {
      await rm(file, { force: true });
    }
  }

  /** Looked for each time, so that jobs go on as soon as it is installed. */
  async #program(cwd: string, signal: AbortSignal): Promise<string> {
    const program = findProgram('qpdf', this.configured);
    if (!program) throw missing('has no qpdf');
    if (program === this.#checked) return program;
    const { stdout } = await runBounded(program, ['--version'], { cwd, bounds: this.bounds, signal });
    const version = /^qpdf version (\d+)\./.exec(stdout)?.[1];
    if (version === undefined) throw missing('has a qpdf that does not run');
    if (Number(version) < OLDEST) throw missing(`has qpdf ${version}, which is too old`);
    this.#checked = program;
    return program;
  }
}

function missing(problem: string): RetryLater {
  const detail = `The documents service ${problem}. Jobs that need it wait until the operator installs qpdf ${OLDEST} or newer, or sets QPDF_BIN.`;
  return new RetryLater(WAIT_MS, detail);
}

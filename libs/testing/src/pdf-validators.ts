import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** Files by name; the name ends in `.pdf` or `.xml`. */
export type Files = Record<string, Uint8Array | string>;

/** What veraPDF says of a file: `flavour` is what was checked, `faults` are clauses of ISO 19005 with what is wrong. */
export interface PdfAVerdict {
  flavour: string;
  faults: string[];
}

/** What Mustang says of an invoice: whether XSD, schematron and PDF/A hold, and each error and warning. */
export interface InvoiceVerdict {
  valid: boolean;
  errors: string[];
  warnings: string[];
}

/** veraPDF on every file in one run, each by the flavour that it claims, or by `flavour` (`2b`). */
export async function veraPdf(files: Files, flavour = '0'): Promise<Record<string, PdfAVerdict>> {
  return inFolder(files, async (folder, names) => {
    const args = ['-cp', 'verapdf.jar', 'org.verapdf.apps.GreenfieldCliWrapper', '--format', 'json', '-f', flavour];
    const { stdout, stderr } = await java([...args, ...names.map((name) => join(folder, name))]);
    const { report } = parsed(stdout, stderr) as { report: { jobs: VeraPdfJob[] } };
    return Object.fromEntries(report.jobs.map((job) => [basename(job.itemDetails.name), verdictOf(job)]));
  });
}

interface VeraPdfJob {
  itemDetails: { name: string };
  validationResult?: {
    profileName: string;
    details: { ruleSummaries: { clause: string; testNumber: number; description: string }[] };
  }[];
  taskException?: { exceptionMessage: string };
}

function verdictOf({ validationResult, taskException }: VeraPdfJob): PdfAVerdict {
  const result = validationResult?.[0];
  if (!result) return { flavour: '', faults: [taskException?.exceptionMessage ?? 'veraPDF says nothing'] };
  const faults = result.details.ruleSummaries.map((rule) => `${rule.clause}-${rule.testNumber} ${rule.description}`);
  return { flavour: result.profileName.replace(/ validation profile$/, ''), faults };
}

/** Mustang on every file, PDF or XML, in one run. */
export async function mustang(files: Files): Promise<Record<string, InvoiceVerdict>> {
  return inFolder(files, async (folder) => {
    const options = ['--action', 'validateExpectValid', '-d', folder, '--disable-file-logging'];
    const { stderr, stdout } = await java(['-jar', 'mustang.jar', ...options]);
    const verdicts: [string, InvoiceVerdict][] = [];
    // It tells what it finds of a file, then the file's name.
    let from = 0;
    for (const end of stderr.matchAll(/Testing file \d+:\s+(valid|invalid) \((.*)\)/g)) {
      const said = stderr.slice(from, end.index);
      from = end.index;
      const all = (pattern: RegExp) => [...said.matchAll(pattern)].map(([, text = '']) => text.trim());
      const errors = all(/ERROR \S+ZUGFeRDValidator - ((?:Fatal )?Error[\s\S]*?)(?=\n\[|$)/g);
      const warnings = all(/WARN \S+ZUGFeRDValidator - (Warning[\s\S]*?)(?=\n\[|$)/g);
      verdicts.push([basename(end[2]!), { valid: end[1] === 'valid', errors, warnings }]);
    }
    if (verdicts.length === 0) throw new Error(`Mustang says nothing: ${stderr || stdout}`);
    return Object.fromEntries(verdicts);
  });
}

/** Half the work for programs that end so soon. */
const SHORT_RUN = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

function java(args: string[]): Promise<{ stdout: string; stderr: string }> {
  const cwd = process.env.PDF_VALIDATORS_DIR;
  if (!cwd) throw new Error('veraPDF and Mustang are missing. Run the tests with npm test, which brings them.');
  // Their exit code tells whether files are valid, which their words tell in detail.
  return new Promise((resolve) => {
    execFile(join(cwd, 'java'), [...SHORT_RUN, ...args], { cwd, maxBuffer: 100_000_000 }, (_, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}

function parsed(stdout: string, stderr: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`veraPDF did not run: ${stderr || stdout}`);
  }
}

async function inFolder<T>(files: Files, work: (folder: string, names: string[]) => Promise<T>): Promise<T> {
  const folder = join(await mkdtemp(join(tmpdir(), 'tandem-pdf-validators-')), 'files');
  try {
    await mkdir(folder);
    const names = Object.keys(files);
    for (const name of names) await writeFile(join(folder, name), files[name]!);
    return await work(folder, names);
  } finally {
    await rm(join(folder, '..'), { recursive: true, force: true });
  }
}

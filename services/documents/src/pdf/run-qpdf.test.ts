import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RetryLater } from '@tandem/messaging/outcome';
import { eventually } from '@tandem/testing/eventually';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findProgram } from './find-program.js';
import { Qpdf } from './run-qpdf.js';

const BOUNDS = { memoryMb: 500, seconds: 20, fileMb: 10 };
const REAL = findProgram('qpdf', process.env.QPDF_BIN)!;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-qpdf-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (qpdf: Qpdf, job: object, signal = new AbortController().signal) =>
  qpdf.run({ ...job }, { folder, signal, what: 'The document', deadline: qpdf.deadline() });

/** A qpdf that does `lines` of shell. */
async function program(lines: string): Promise<string> {
  const path = join(folder, 'qpdf.sh');
  await writeFile(
    path,
    `#!/bin/sh\ncd "$(dirname "$0")"\n[ "$1" = --version ] && exec "${REAL}" --version\n${lines}\n`,
  );
  await chmod(path, 0o755);
  return path;
}

describe('running qpdf', () => {
  test('shows no password in its arguments and environment, and leaves none in a file', async () => {
    const path = await program(`echo "$@" > seen; env >> seen; ls -l "\${1#*=}" > mode; exec "${REAL}" "$@"`);
    const job = { empty: '', outputFile: join(folder, 'a.pdf') };
    const encrypt = { userPassword: 'hunter2', ownerPassword: 'hunter3', '256bit': {} };
    await run(new Qpdf(path, BOUNDS), { ...job, encrypt });
    const seen = await readFile(join(folder, 'seen'), 'utf8');
    expect(seen).toContain('--job-json-file=');
    expect(seen).not.toMatch(/hunter|NATS|HOME=/);
    expect(await readFile(join(folder, 'mode'), 'utf8')).toMatch(/^-rw-------/);
    expect((await readdir(folder)).sort()).toEqual(['a.pdf', 'mode', 'qpdf.sh', 'seen']);
  });

  test('waits where there is none, and goes on as soon as there is', async () => {
    const path = join(folder, 'qpdf.sh');
    const qpdf = new Qpdf(path, BOUNDS);
    const waiting = await run(qpdf, {}).catch((error) => error);
    expect(waiting).toBeInstanceOf(RetryLater);
    expect(waiting.detail).toMatch(/has no qpdf.*installs qpdf 11 or newer, or sets QPDF_BIN/);
    await program(`exec "${REAL}" "$@"`);
    await expect(run(qpdf, { empty: '', showNpages: '' })).resolves.toBe('0\n');
  });

  test('waits where it is too old', async () => {
    const path = await program('');
    await writeFile(path, '#!/bin/sh\necho qpdf version 10.6.3\n');
    const error = await run(new Qpdf(path, BOUNDS), {}).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'RetryLater', detail: expect.stringContaining('qpdf 10, which is too old') });
  });

  test('ends the process when its job is aborted', async () => {
    const path = await program('echo $$ > pid; exec sleep 1000');
    const abort = new AbortController();
    const running = run(new Qpdf(path, BOUNDS), {}, abort.signal).catch((error) => error);
    const pid = await eventually(
      async () => Number(await readFile(join(folder, 'pid'), 'utf8')) || expect.fail('no pid'),
    );
    const reason = new Error('cancelled');
    abort.abort(reason);
    expect(await running).toBe(reason);
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  test('ends the process when the time of its job is over, and says so', async () => {
    const path = await program('exec sleep 1000');
    const qpdf = new Qpdf(path, { ...BOUNDS, seconds: 1 });
    await expect(run(qpdf, {})).rejects.toMatchObject({
      code: 'timeout',
      detail: expect.stringContaining('more than 1 s'),
    });
  });

  test('begins no process when no time is left, however quick it is', async () => {
    const path = await program('touch begun');
    const job = { folder, signal: new AbortController().signal, what: 'The document', deadline: performance.now() };
    await expect(new Qpdf(path, BOUNDS).run({}, job)).rejects.toMatchObject({ code: 'timeout' });
    expect(await readdir(folder)).toEqual(['qpdf.sh']);
  });

  test.runIf(process.platform === 'linux')('bounds the memory and the files of the process', async () => {
    const large = await program('head -c 20000000 /dev/zero > large');
    const tooLarge = run(new Qpdf(large, BOUNDS), {});
    await expect(tooLarge).rejects.toBeInstanceOf(Error);
    expect((await readFile(join(folder, 'large'))).length).toBe(10_000_000);
    const greedy = await program(`exec "${process.execPath}" -e "new ArrayBuffer(1e9)"`);
    await expect(run(new Qpdf(greedy, BOUNDS), {})).rejects.toBeInstanceOf(Error);
  });
});

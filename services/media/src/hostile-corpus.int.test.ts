import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@tandem/testing/eventually';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIED, type HostileFile, hostileCorpus } from './hostile-corpus.fixture.js';
import { ImageProcesses } from './image-processes.js';
import { planRenditions } from './plan-renditions.js';

const PHOTO = join(import.meta.dirname, '../../../examples/photos/grace_hopper.jpg');
const LIMITS = { signal: new AbortController().signal, seconds: 4 };
const maxMegapixels = 100;
/** A process that has drawn nothing has some 120 MB; an image of the largest size that is taken, 400 MB. */
const FLAT_MB = 500;

let dir: string;
let corpus: HostileFile[];
let processes: ImageProcesses;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-corpus-'));
  corpus = await hostileCorpus(await readFile(PHOTO));
  processes = new ImageProcesses({ size: 1, memoryMb: FLAT_MB, jemalloc: undefined });
});
afterAll(async () => {
  processes.close();
  await rm(dir, { recursive: true, force: true });
});

async function reencoded(bytes: Buffer): Promise<Buffer> {
  const path = join(dir, 'image');
  await writeFile(path, bytes);
  const source = await processes.run('open', { path, maxMegapixels }, LIMITS);
  const plan = planRenditions(source, [{ name: 'a', format: 'webp' }], { placeholders: true, maxMegapixels });
  let image: Buffer | undefined;
  await processes.run(
    'transform',
    { source, plan, maxMegapixels },
    { ...LIMITS, onNote: ({ data }) => (image = data) },
  );
  return image!;
}

const outcome = (bytes: Buffer) =>
  reencoded(bytes).then(
    () => 'taken',
    ({ code, detail, message }) => `${code}: ${detail ?? message}`,
  );

describe('the hostile corpus', () => {
  test('is refused file by file with a reason of its own, or made harmless, within the memory of one process', async () => {
    for (const { name, bytes, refused } of corpus) {
      const end = await outcome(bytes);
      expect(end, name).toMatch(refused ?? /^taken$/);
      expect(end, name).not.toMatch(/memory/);
      if (!refused) expect((await reencoded(bytes)).includes(CARRIED), name).toBe(false);
    }
  });
});

describe('an image process', () => {
  test.runIf(process.platform === 'linux')('that crashes fails its own work with a reason, and no other', async () => {
    const before = new Set(await children());
    const slow = reencoded(corpus.find(({ name }) => name.includes('10^12'))!.bytes);
    const pid = await eventually(async () => (await busyChild()) ?? expect.fail('no process works yet'));
    process.kill(pid, 'SIGSEGV');
    await expect(slow).rejects.toMatchObject({
      name: 'Rejected',
      code: 'image_unreadable',
      detail: expect.stringContaining('crashes its decoder'),
    });
    expect(await outcome(await readFile(PHOTO))).toBe('taken');
    expect((await children()).every((child) => child !== pid || !before.has(child))).toBe(true);
  });

  test('that needs more memory than it may have is ended, and says so', async () => {
    const tight = new ImageProcesses({ size: 1, memoryMb: 200, jemalloc: undefined });
    const path = join(dir, 'large.svg');
    await writeFile(path, '<svg xmlns="http://www.w3.org/2000/svg" width="9000" height="9000"/>');
    const source = await tight.run('open', { path, maxMegapixels }, LIMITS);
    const plan = planRenditions(source, [{ name: 'a', format: 'png' }], { placeholders: false, maxMegapixels });
    const run = tight.run('transform', { source, plan, maxMegapixels }, LIMITS);
    await expect(run).rejects.toMatchObject({
      code: 'image_too_large',
      detail: expect.stringContaining('more than 200 MB of memory'),
    });
    tight.close();
  });
});

async function children(): Promise<number[]> {
  const tasks = await readdir(`/proc/${process.pid}/task`);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${process.pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** A child that has used the processor for more than a second. */
async function busyChild(): Promise<number | undefined> {
  for (const pid of await children()) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const ticks = stat.slice(stat.lastIndexOf(')')).split(' ');
    if (Number(ticks[12]) > 120) return pid;
  }
  return undefined;
}

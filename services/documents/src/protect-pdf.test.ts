import { ProtectPdf, RotatePdf, UnlockPdf } from '@tandem/contracts/pdf-files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePdf, PdfBench, textsOf } from './pdf-files.fixture.js';
import { ProtectPdfHandler } from './protect-pdf.js';
import { RotatePdfHandler } from './rotate-pdf.js';
import { UnlockPdfHandler } from './unlock-pdf.js';

/** As an option or a file of arguments might be misread. */
const USER = '--décrypt @x "漢字" ';
const OWNER = '-- owner=1';

let bench: PdfBench;
let file: Buffer;

beforeAll(async () => {
  bench = await PdfBench.open();
  file = await makePdf('secret', 1);
});
afterAll(() => bench.close());

const protect = (options: object, job = {}) =>
  bench.run(ProtectPdf, ProtectPdfHandler, [file], { source: { object: '0' }, ...options }, job);
const unlock = (bytes: Buffer, password?: string) =>
  bench.run(UnlockPdf, UnlockPdfHandler, [bytes], { source: { object: '0', password } });

async function protectedFile(options: object): Promise<Buffer> {
  const { result, error } = await protect(options);
  if (!result) throw new Error(`it failed: ${error?.code}: ${error?.detail}`);
  return bench.read(result.document);
}

describe('a protected document', () => {
  test('opens with its password only, in another library too', async () => {
    const bytes = await protectedFile({ userPassword: USER, ownerPassword: OWNER });
    expect(await textsOf(bytes, USER)).toEqual(['secret page 1']);
    expect(await textsOf(bytes, OWNER)).toEqual(['secret page 1']);
    await expect(textsOf(bytes)).rejects.toThrow(/password/i);
    expect(bytes.toString('latin1')).toMatch(/\/CFM ?\/AESV3/);
  });

  test('has the permissions that it was given', async () => {
    const bytes = await protectedFile({ permissions: { print: 'low', extract: false, forms: false } });
    expect(await textsOf(bytes)).toEqual(['secret page 1']);
    expect(permissionsOf(bytes)).toEqual({
      print: true,
      high: false,
      modify: true,
      extract: false,
      annotate: true,
      forms: false,
      assemble: true,
    });
  });

  test('has the same id and other bytes when the job is repeated, and both open', async () => {
    const [first, second] = [
      await protect({ userPassword: USER }),
      await protect({ userPassword: USER }, { attempt: 2 }),
    ];
    expect(second.result?.document.id).toBe(first.result?.document.id);
    expect(second.result?.document.key).not.toBe(first.result?.document.key);
    for (const { result } of [first, second]) {
      expect(await textsOf(await bench.read(result!.document), USER)).toEqual(['secret page 1']);
    }
  });

  test('can be turned with its password, and stays protected', async () => {
    const bytes = await protectedFile({ userPassword: USER });
    const data = { source: { object: '0', password: USER }, angle: 90 };
    const { result } = await bench.run(RotatePdf, RotatePdfHandler, [bytes], data);
    const turned = await bench.read(result!.document);
    expect(await textsOf(turned, USER)).toEqual(['secret page 1']);
    await expect(textsOf(turned)).rejects.toThrow(/password/i);
  });

  test('needs something to be protected by', () => {
    const issues = (input: object) =>
      ProtectPdf.input.safeParse({ source: { url: 'https://a.example' }, ...input }).error?.issues[0]?.path[0];
    expect(issues({})).toBe('userPassword');
    expect(issues({ userPassword: 'a', ownerPassword: 'a' })).toBe('ownerPassword');
    expect(issues({ userPassword: 'é'.repeat(64) })).toBe('userPassword');
    expect(issues({ userPassword: 'é'.repeat(63) })).toBeUndefined();
  });
});

describe('unlocking', () => {
  test('removes encryption and restrictions', async () => {
    const bytes = await protectedFile({ userPassword: USER, permissions: { print: 'none' } });
    const { result } = await unlock(bytes, USER);
    const open = await bench.read(result!.document);
    expect(await textsOf(open)).toEqual(['secret page 1']);
    expect(open.toString('latin1')).not.toContain('/Encrypt');
  });

  test('without the password, or with a wrong one, says so and nothing more', async () => {
    const bytes = await protectedFile({ userPassword: USER });
    expect((await unlock(bytes)).error).toEqual({
      code: 'password_required',
      detail: 'source: the document opens with a password only. Send it as source/password.',
    });
    expect((await unlock(bytes, 'guess')).error).toEqual({
      code: 'password_required',
      detail: 'source/password: the document does not open with this password. Send the right one.',
    });
  });
});

/** Bits of /P (ISO 32000-2, table 22). */
function permissionsOf(bytes: Buffer) {
  const bits = Number(bytes.toString('latin1').match(/\/P (-?\d+)/)![1]);
  const has = (bit: number) => (bits & (1 << (bit - 1))) !== 0;
  return {
    print: has(3),
    high: has(12),
    modify: has(4),
    extract: has(5),
    annotate: has(6),
    forms: has(9),
    assemble: has(11),
  };
}

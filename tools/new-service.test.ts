import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addService } from './new-service.mjs';
import { serviceNames } from './service-names.mjs';

const root = join(import.meta.dirname, '..');

describe('a new service', () => {
  let checkout: string;
  const env = { ...process.env, NO_COLOR: '1' };
  const node = (...args: string[]) => promisify(execFile)(process.execPath, args, { cwd: checkout, env });
  const text = (path: string) => readFileSync(join(checkout, path), 'utf8');

  beforeAll(async () => {
    checkout = copyOfCheckout();
    const names = serviceNames(checkout, ['invoices', 'send-invoice']);
    await addService({ root: checkout, node: process.execPath, env: process.env }, names);
  });
  afterAll(() => rmSync(checkout, { recursive: true, force: true }));

  it('is formatted and compiles', async () => {
    const folders = ['services/invoices', 'services/standalone', 'libs/contracts'];
    await node('node_modules/@biomejs/biome/bin/biome', 'ci', ...folders, 'tools/generate.mjs');
    // Not the whole project, which takes twice as long: what was added, and what it was entered in.
    const include = folders.map((folder) => `${folder}/src`);
    writeFileSync(join(checkout, 'tsconfig.new.json'), JSON.stringify({ extends: './tsconfig.json', include }));
    await node('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.new.json');
  }, 180_000);

  // The test on servers is the template's own but for its names, so it is not run a second time.
  it('passes its test of the handler, and the rules for imports', async () => {
    const files = ['services/invoices/src/send-invoice.test.ts', 'tools/boundaries.test.ts'];
    const { stdout } = await node('node_modules/vitest/vitest.mjs', 'run', ...files);
    expect(stdout).toMatch(/Test Files .*2 passed/);
    expect(existsSync(join(checkout, 'services/invoices/src/invoices.int.test.ts'))).toBe(true);
  });

  it('is part of the catalog, of standalone and of the reference of settings', () => {
    expect(text('libs/contracts/src/catalog.ts')).toMatch(/invoices\.SendInvoice,?\s*\]/);
    expect(text('libs/contracts/src/invoices.ts')).toContain("defineCommand('invoices.send'");
    expect(text('services/standalone/src/boot.ts')).toContain("step('invoices'");
    expect(text('tools/generate.mjs')).toContain('invoices: InvoicesConfig');
  });

  it('has nothing of the template left', () => {
    const copied = readdirSync(join(checkout, 'services/invoices'), { recursive: true, withFileTypes: true });
    const files = copied.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.filter((file) => /template|write-?receipt/i.test(file + readFileSync(file, 'utf8')))).toEqual([]);
  });

  it('cannot be made twice', () => {
    expect(() => serviceNames(checkout, ['invoices', 'pay-invoice'])).toThrow('there is services/invoices');
  });
});

it.each([
  [[], /Usage: npm run new-service/],
  [['Invoices', 'send-invoice'], /"Invoices" cannot name a service/],
  [['my-invoices', 'send-invoice'], /"my-invoices" cannot name a service/],
  [['invoices', 'send'], /"send" cannot name a command: it takes a verb and a noun/],
  [['jobs', 'send-invoice'], /"jobs" already means something else/],
  [['delete', 'send-invoice'], /"delete" already means something else/],
  [['media', 'send-invoice'], /The name media is taken: there is services\/media/],
  [['storage', 'send-invoice'], /The name storage is taken: there is libs\/storage/],
  [['job', 'send-invoice'], /The name job is taken: there is libs\/contracts\/src\/job\.ts/],
])('refuses the names %j', (args, message) => {
  expect(() => serviceNames(root, args)).toThrow(message);
});

/** The sources of this checkout, and its packages, but with the copy's own workspaces. */
function copyOfCheckout(): string {
  const copy = mkdtempSync(join(tmpdir(), 'tandem-checkout-'));
  const left = ['node_modules', 'dist', '.git', '.cache', '.tandem', 'examples'];
  cpSync(root, copy, { recursive: true, filter: (path) => !left.includes(basename(path)) });
  mkdirSync(join(copy, 'node_modules', '@tandem'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')).filter((name) => name !== '@tandem'))
    symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  for (const kind of ['libs', 'services']) {
    for (const name of readdirSync(join(copy, kind)))
      symlinkSync(join(copy, kind, name), join(copy, 'node_modules', '@tandem', name));
  }
  symlinkSync(join(copy, 'e2e'), join(copy, 'node_modules', '@tandem', 'e2e'));
  return copy;
}

// npm run bench -- <name> [--json]: one benchmark, a file of this folder. Tables for people, JSON for machines.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const here = import.meta.dirname;
const names = readdirSync(join(here, 'suites')).map((file) => file.replace(/\.ts$/, ''));
const [name, ...rest] = process.argv.slice(2).filter((arg) => arg !== '--json');

if (!name || !names.includes(name) || rest.length > 0) {
  process.stderr.write(`Name one benchmark: npm run bench -- <name> [--json]\nThere are: ${names.join(', ')}\n`);
  process.exit(1);
}

const { run } = await import(pathToFileURL(join(here, 'suites', `${name}.ts`)).href);
const say = process.argv.includes('--json') ? () => undefined : (line) => process.stderr.write(`${line}\n`);
const report = await run(say);
process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(report, null, 2)}\n` : `${report.table}\n`);
process.exit(0);

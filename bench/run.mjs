// npm run bench -- <name> [options]: one benchmark, a file of this folder. Tables for people, JSON for machines.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const names = readdirSync(join(import.meta.dirname, 'suites')).map((file) => file.replace(/\.ts$/, ''));

function usage(problem) {
  process.stderr.write(`${problem}
npm run bench -- <name> [--json] [--rounds 5] [--quick] [--only a,b] [--tasks a,b] [--jobs n] [--no-recovery]
There are: ${names.join(', ')}
`);
  process.exit(1);
}

function whole(option, text) {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,6}$/.test(text)) usage(`--${option} takes a whole number, not ${text}.`);
  return Number(text);
}

function parse() {
  try {
    const text = { type: 'string' };
    const flag = { type: 'boolean' };
    const recovery = { ...flag, default: true };
    const options = { rounds: text, only: text, tasks: text, jobs: text, json: flag, quick: flag, recovery };
    return parseArgs({ options, allowPositionals: true, allowNegative: true });
  } catch (error) {
    return usage(error.message);
  }
}

const { values, positionals } = parse();
const [name, ...rest] = positionals;
if (!names.includes(name) || rest.length > 0) usage('Name one benchmark.');

process.setMaxListeners(100); // each process of a comparison is ended with this one
const { run } = await import(pathToFileURL(join(import.meta.dirname, 'suites', `${name}.ts`)).href);
const say = values.json ? () => undefined : (line) => process.stderr.write(`${line}\n`);
const report = await run(say, {
  rounds: whole('rounds', values.rounds) ?? (values.quick ? 1 : undefined),
  quick: values.quick,
  jobs: whole('jobs', values.jobs),
  only: values.only?.split(','),
  tasks: values.tasks?.split(','),
  recovery: values.recovery && !values.quick,
});
const { table, ...data } = report;
process.stdout.write(values.json ? `${JSON.stringify(data, null, 2)}\n` : `${table}\n`);
process.exit(0);

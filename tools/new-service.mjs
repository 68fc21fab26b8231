import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { exec } from './exec.mjs';
import { withLock } from './lock.mjs';
import { run } from './run.mjs';
import { serviceNames } from './service-names.mjs';
import { SetupError, say } from './step.mjs';
import { wiring } from './wire-service.mjs';

const TEMPLATE = 'services/template';
/** Stand in the template for files of libs/contracts. */
const CONTRACT = 'src/contract.ts';
const CATALOG = 'src/catalog.ts';

/** `npm run new-service -- <service> <verb-noun>`: a service of one command that is checked, tested and part of `npm start`. */
export async function newService(machine, args) {
  const names = serviceNames(machine.root, args);
  await addService(machine, names);
  await withLock(machine.root, 'packages', () => ensureBuild(machine.root, machine));
  const code = await run(machine, ['tools/generate.mjs']);
  if (code !== 0) return code;
  const { service, file, type } = names;
  say(`the service ${service} handles ${type}. Make it yours, in this order:`);
  for (const line of [
    `libs/contracts/src/${service}.ts              what a caller sends and gets`,
    `services/${service}/src/${file}.ts, and its test beside it`,
    `services/${service}/README.md`,
    `npm run generate && npm run check && npm test -- services/${service}`,
  ])
    process.stderr.write(`  ${line}\n`);
  return 0;
}

/** Copies the template under its new names and enters the copy where services are listed. Writes nothing unless all can be. */
export async function addService(machine, names) {
  const { root } = machine;
  const files = new Map([...copies(root, names), ...wiring(root, names)]);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  // As npm does for a workspace; so that nothing need be installed.
  symlinkSync(join('..', '..', 'services', names.service), join(root, 'node_modules', '@tandem', names.service), 'dir');
  const formatted = [...files.keys()].filter((path) => /\.(ts|mjs|json)$/.test(path) && path !== 'package-lock.json');
  const biome = ['node_modules/@biomejs/biome/bin/biome', 'check', '--write', ...formatted];
  const { code, output } = await exec(machine.node, biome, { cwd: root, env: machine.env });
  if (code !== 0) throw new SetupError(`The new files could not be formatted.\n${output}`);
}

/** The files of the template as those of the new service: path -> text. */
function copies(root, names) {
  return filesOf(join(root, TEMPLATE))
    .filter((path) => path !== CATALOG)
    .map((path) => {
      const text = readFileSync(join(root, TEMPLATE, path), 'utf8');
      if (path === CONTRACT) return [`libs/contracts/src/${names.service}.ts`, contract(text, names)];
      return [
        rename(`${TEMPLATE}/${path}`, names),
        path.endsWith('.ts') ? source(text, names) : rename(plain(text), names),
      ];
    });
}

function filesOf(folder) {
  const own = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    );
  return own.filter((path) => path.startsWith('src/') || /^(package\.json|tsconfig\.json|README\.md)$/.test(path));
}

function contract(text, names) {
  return rename(text, names).replaceAll(/'@tandem\/contracts\/([\w-]+)'/g, "'./$1.js'");
}

function source(text, names) {
  const moved = text
    .replaceAll("'./contract.js'", `'@tandem/contracts/${names.service}'`)
    .replaceAll("'./catalog.js'", "'@tandem/contracts/catalog'");
  return rename(moved, names).replace(/(ADMIN_PORT: port\()\d+/, `$1${names.adminPort}`);
}

/** Without the words that speak of the template as such. */
function plain(text) {
  return text.replace(/<!-- only in the template -->.*?<!-- end -->\n/s, '');
}

function rename(text, { service, Service, type, file, Command }) {
  return text
    .replaceAll('template.write', type)
    .replaceAll('write-receipt', file)
    .replaceAll('WriteReceipt', Command)
    .replaceAll('TEMPLATE', service.toUpperCase())
    .replaceAll('Template', Service)
    .replaceAll('template', service);
}

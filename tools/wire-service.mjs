import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './step.mjs';

/** Every place outside its folder that must know of a service: the changed files, path -> text. */
export function wiring(root, names) {
  const { service, Service, Command } = names;
  const read = (path) => readFileSync(join(root, path), 'utf8');
  /** Fails where the code no longer looks as this tool expects, and says what to add by hand. */
  const edit = (path, ...edits) => [
    path,
    edits.reduce((text, [at, replacement]) => {
      if (!at.test(text)) throw new SetupError(`${path} has changed, and tools/wire-service.mjs finds no ${at} in it.`);
      return text.replace(at, replacement);
    }, read(path)),
  ];
  const importing = (names, from) => [/^import .*;$/m, `$&\nimport { ${names} } from '${from}';`];
  const start = `start${Service}(loadConfig(${Service}Config, shared), catalog, loggerOf('${service}'), lifecycle)`;
  return [
    edit(
      'libs/contracts/src/catalog.ts',
      [/^import .*;$/m, `$&\nimport * as ${service} from './${service}.js';`],
      [/(export const COMMANDS = \[[^\]]*?),?\s*\]/, `$1, ${service}.${Command}]`],
    ),
    edit(
      'services/standalone/src/boot.ts',
      importing(`${Service}Config`, `@tandem/${service}/config`),
      importing(`start${Service}`, `@tandem/${service}/start-${service}`),
      [/^ {2}const gateway = await step\('gateway'/m, `  await step('${service}', () => ${start});\n$&`],
    ),
    edit('services/standalone/README.md', [/^(\| composes \|.*), gateway/m, `$1, ${service}, gateway`]),
    edit('services/standalone/package.json', [/("@tandem\/runtime")/, `"@tandem/${service}": "*",\n    $1`]),
    edit('services/standalone/tsconfig.json', [/\]\s*\}\s*$/, `, { "path": "../../services/${service}" }]}\n`]),
    edit('tools/generate.mjs', importing(`${Service}Config`, `../services/${service}/dist/config.js`), [
      /(const services = \{[^}]*?),?\s*\}/,
      `$1, ${service}: ${Service}Config }`,
    ]),
    ['package-lock.json', locked(JSON.parse(read('package-lock.json')), service)],
  ];
}

/** What npm itself would write: the packages are those of the template, which are locked already. */
function locked(lock, service) {
  const { packages } = lock;
  packages[`services/${service}`] = { ...packages['services/template'], name: `@tandem/${service}` };
  packages[`node_modules/@tandem/${service}`] = { resolved: `services/${service}`, link: true };
  const { dependencies } = packages['services/standalone'];
  dependencies[`@tandem/${service}`] = '*';
  packages['services/standalone'].dependencies = sorted(dependencies);
  return `${JSON.stringify({ ...lock, packages: sorted(packages) }, null, 2)}\n`;
}

function sorted(record) {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => one.localeCompare(other, 'en')));
}

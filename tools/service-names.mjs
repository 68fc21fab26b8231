import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './step.mjs';

const USAGE =
  'Usage: npm run new-service -- <service> <verb-noun>, for example: npm run new-service -- invoices send-invoice';

/** Names that mean something else in the API, in the embedded servers or in the tests. */
const RESERVED = ['jobs', 'objects', 'nats', 'postgres', 'probe', 'tests'];

/**
 * Every form of the two names that a new service is made with. Throws a `SetupError` that says what to choose instead
 * when one is not fit for all its uses (folder, package, subject, route, class, environment variable), or is taken.
 */
export function serviceNames(root, args) {
  const [service, file] = args;
  if (args.length !== 2) throw new SetupError(USAGE);
  if (!/^[a-z][a-z0-9]{0,30}$/.test(service)) {
    throw new SetupError(
      `"${service}" cannot name a service: it takes one word of lower-case letters and digits, a plural as a rule. ${USAGE}`,
    );
  }
  if (!/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)+$/.test(file) || file.length > 60) {
    throw new SetupError(
      `"${file}" cannot name a command: it takes a verb and a noun in lower case, joined by "-". ${USAGE}`,
    );
  }
  if (RESERVED.includes(service) || !isIdentifier(service))
    throw new SetupError(`"${service}" already means something else in the code: choose another name for the service.`);
  const taken = [`services/${service}`, `libs/${service}`, `libs/contracts/src/${service}.ts`, service].find((path) =>
    existsSync(join(root, path)),
  );
  if (taken) {
    throw new SetupError(
      `The name ${service} is taken: there is ${taken}. Choose another, or add the command to that service by hand (CONTRIBUTING.md, "Add a command to a service").`,
    );
  }
  const words = file.split('-');
  return {
    service,
    Service: capital(service),
    type: `${service}.${words[0]}`,
    file,
    Command: words.map(capital).join(''),
    adminPort: freeAdminPort(root),
  };
}

function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}

function isIdentifier(word) {
  try {
    new Function(`"use strict"; const ${word} = 0;`);
    return true;
  } catch {
    return false;
  }
}

/** One above the highest default, so that all services can run on one machine. */
function freeAdminPort(root) {
  const ports = readdirSync(join(root, 'services'))
    .map((service) => join(root, 'services', service, 'src/config.ts'))
    .filter(existsSync)
    .map((path) => Number(/ADMIN_PORT: port\((\d+)\)/.exec(readFileSync(path, 'utf8'))?.[1] ?? 0));
  return Math.max(...ports) + 1;
}

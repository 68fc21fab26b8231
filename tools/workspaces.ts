import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A source file; imports holds the specifiers of its static and dynamic imports. */
export type SourceFile = { path: string; text: string; imports: string[]; isTest: boolean };

/** A lib or a service. */
export type Workspace = {
  name: string;
  folder: string;
  kind: string;
  dependencies: string[];
  devDependencies: string[];
  files: SourceFile[];
};

/** All libs and services of the project. */
export function readWorkspaces(root: string): Workspace[] {
  return ['libs', 'services'].flatMap((kind) => {
    const folders = existsSync(join(root, kind)) ? readdirSync(join(root, kind)) : [];
    return folders
      .filter((name) => existsSync(join(root, kind, name, 'package.json')))
      .map((name) => {
        const folder = `${kind}/${name}`;
        const { dependencies = {}, devDependencies = {} } = JSON.parse(
          readFileSync(join(root, folder, 'package.json'), 'utf8'),
        );
        return {
          name,
          folder,
          kind,
          dependencies: Object.keys(dependencies),
          devDependencies: Object.keys(devDependencies),
          files: sources(root, folder),
        };
      });
  });
}

/** The package that a specifier names: `@scope/name` or `name`; undefined for relative paths and Node's own modules. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.|\/|node:)/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The packages that `name` needs beside it (its required peers): whoever declares it must declare them too. */
export function peersOf(root: string, { folder }: Workspace, name: string): string[] {
  const places = [join(root, folder, 'node_modules', name), join(root, 'node_modules', name)];
  const place = places.find((path) => existsSync(join(path, 'package.json')));
  return place ? Object.keys(JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')).peerDependencies ?? {}) : [];
}

/** Every folder below a workspace's src, as paths from the root. */
export function foldersOf({ files }: Workspace): string[] {
  return [...new Set(files.map(({ path }) => path.split('/').slice(0, -1).join('/')))];
}

function sources(root: string, folder: string): SourceFile[] {
  if (!existsSync(join(root, folder, 'src'))) return [];
  const names = readdirSync(join(root, folder, 'src'), { recursive: true }).map(String);
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const path = `${folder}/src/${name.replaceAll('\\', '/')}`;
      const text = readFileSync(join(root, path), 'utf8');
      return { path, text, imports: importsOf(text), isTest: /\.(test|fixture)\.ts$/.test(name) };
    });
}

const IMPORTS = [
  /^\s*(?:import|export)\s[^'"`;=()]*\bfrom\s*['"]([^'"\n]+)['"]/gm,
  /^\s*import\s*['"]([^'"\n]+)['"]/gm,
  /\bimport\(\s*['"]([^'"\n]+)['"]/g,
  /\brequire(?:\.resolve)?\(\s*['"]([^'"\n]+)['"]/g,
];

function importsOf(text: string): string[] {
  return IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, specifier]) => specifier!));
}

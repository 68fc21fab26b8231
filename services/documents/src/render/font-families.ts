import { execFile } from 'node:child_process';

let known: Promise<ReadonlyMap<string, string>> | undefined;

/** Families of fonts by their PostScript names, as fontconfig lists them; where it has no list, the name without its style. */
export async function fontFamilies(names: readonly string[]): Promise<string[]> {
  known ??= listFonts();
  const list = await known;
  const families = names.map((name) => list.get(name) ?? name.replace(/-(?!.*-).*$/, ''));
  return [...new Set(families)].sort();
}

function listFonts(): Promise<ReadonlyMap<string, string>> {
  return new Promise((resolve) => {
    const format = '%{postscriptname}\\t%{family[0]}\\n';
    execFile('fc-list', ['--format', format], { timeout: 10_000, maxBuffer: 10_000_000 }, (error, stdout) => {
      // A machine without fontconfig stays so; one without time or memory is asked again.
      if (error && error.code !== 'ENOENT') known = undefined;
      const lines = stdout.split('\n').map((line) => line.split('\t') as [string, string]);
      resolve(new Map(lines.filter(([name, family]) => name && family)));
    });
  });
}

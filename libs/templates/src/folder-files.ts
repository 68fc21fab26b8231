import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { TemplateBundle } from '@tandem/contracts/template';

/** What assets may be, by the end of their names. */
const ASSET_TYPES: Record<string, string> = {
  '.avif': 'image/avif',
  '.css': 'text/css',
  '.gif': 'image/gif',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.otf': 'font/otf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};

/** Files of one template as they lie in its folder; parts that are not there are left out. */
export interface FolderFiles {
  html?: string;
  css?: string;
  header?: string;
  footer?: string;
  partials: Record<string, string>;
  locales: Record<string, Record<string, string>>;
  assets: TemplateBundle['assets'];
  schema?: unknown;
  sample?: unknown;
  options?: unknown;
}

/** What every file is for; others in a template's folder that end like these are taken for slips. */
const KNOWN = [
  'template.liquid',
  'style.css',
  'header.liquid',
  'footer.liquid',
  'schema.json',
  'sample.json',
  'options.json',
];

/** Samples in other languages, for people and tests. */
const SAMPLE = /^sample\.[A-Za-z-]{2,20}\.json$/;

/** Reads the folder of one template. What is wrong with a file is put into `faults`, each with the file's name. */
export async function readFolderFiles(dir: string, name: string, faults: string[]): Promise<FolderFiles> {
  const at = join(dir, name);
  const text = (file: string) => textOf(join(at, file));
  const json = async (file: string) => jsonOf(await text(file), `${name}/${file}`, faults);
  for (const file of await filesIn(at))
    if (['.liquid', '.css', '.json'].includes(extname(file)) && !KNOWN.includes(file) && !SAMPLE.test(file))
      faults.push(`${name}/${file}: is no file of a template. They are ${KNOWN.join(', ')}.`);
  return {
    html: await text('template.liquid'),
    css: await text('style.css'),
    header: await text('header.liquid'),
    footer: await text('footer.liquid'),
    partials: await partialsIn(at),
    locales: await localesIn(at, name, faults),
    assets: await assetsIn(at, name, faults),
    schema: await json('schema.json'),
    sample: await json('sample.json'),
    options: await json('options.json'),
  };
}

async function partialsIn(at: string): Promise<Record<string, string>> {
  const partials: Record<string, string> = {};
  for (const file of await filesIn(join(at, 'partials')))
    if (file.endsWith('.liquid'))
      partials[file.slice(0, -'.liquid'.length)] = (await textOf(join(at, 'partials', file)))!;
  return partials;
}

async function localesIn(at: string, name: string, faults: string[]): Promise<FolderFiles['locales']> {
  const locales: FolderFiles['locales'] = {};
  for (const file of await filesIn(join(at, 'locales'))) {
    if (!file.endsWith('.json')) continue;
    const texts = jsonOf(await textOf(join(at, 'locales', file)), `${name}/locales/${file}`, faults);
    if (texts !== undefined) locales[file.slice(0, -'.json'.length)] = texts as Record<string, string>;
  }
  return locales;
}

async function assetsIn(at: string, name: string, faults: string[]): Promise<TemplateBundle['assets']> {
  const assets: TemplateBundle['assets'] = {};
  for (const file of await filesIn(join(at, 'assets'), true)) {
    const type = ASSET_TYPES[extname(file).toLowerCase()];
    if (type)
      assets[`assets/${file}`] = { type, base64: (await readFile(join(at, 'assets', file))).toString('base64') };
    else
      faults.push(
        `${name}/assets/${file}: is no image, font or style. Names end in ${Object.keys(ASSET_TYPES).join(', ')}.`,
      );
  }
  return assets;
}

/** Names of the files in a folder, sorted; none when there is no such folder. Hidden files are left out. */
async function filesIn(folder: string, recursive = false): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive }).catch(absent);
  return (entries ?? [])
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(absent);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function jsonOf(text: string | undefined, file: string, faults: string[]): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    // V8 says the place in most messages; where it does not, the text ended too early.
    const place = /\(line (\d+) column (\d+)\)/.exec(message);
    const line = place?.[1] ?? text.split('\n').length;
    faults.push(
      `${file}:${line}${place ? `:${place[2]}` : ''}: is not JSON: ${message.replace(/ in JSON at position .*/, '')}`,
    );
    return undefined;
  }
}

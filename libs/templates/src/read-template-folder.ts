import { readdir } from 'node:fs/promises';
import { MAX_TEMPLATE_BYTES, TemplateBundle } from '@tandem/contracts/template';
import { checkTemplate } from './check-template.js';
import { type FolderFiles, readFolderFiles } from './folder-files.js';
import { pointerKeys, type TemplateFault } from './template-fault.js';

const SHARED = '_shared';
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/**
 * Reads the templates of a folder: every sub-folder is one, by its name, but for those whose names begin with `_` or `.`.
 * A sub-folder holds `template.liquid`, and may hold `style.css`, `header.liquid`, `footer.liquid`, `layout.typ`, `partials/*`,
 * `locales/<locale>.json`, `assets/*` (used as `assets/logo.svg`), `schema.json`, `sample.json` and `options.json`: options of
 * the PDF, and `locale`, the default one where there are several (otherwise the first by name). Partials, locales, assets and
 * the style of `_shared` are part of every template; a template's own go before, its style comes after.
 * Throws an `Error` that names every file at fault, with its line where there is one.
 */
export async function readTemplateFolder(dir: string): Promise<Map<string, TemplateBundle>> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`The folder of templates ${dir} cannot be read (${cause.code}).`, { cause });
  });
  const names = entries.filter((entry) => entry.isDirectory() && /^[^_.]/.test(entry.name)).map(({ name }) => name);
  const faults: string[] = [];
  const shared = await readFolderFiles(dir, SHARED, faults);
  const bundles = new Map<string, TemplateBundle>();
  for (const name of names.sort()) {
    if (!NAME.test(name)) faults.push(`${name}: must be 1 to 64 lower-case letters, digits, "-" or "_".`);
    const before = faults.length;
    const own = await readFolderFiles(dir, name, faults);
    if (own.html === undefined) faults.push(`${name}/template.liquid: is missing; it is the page itself.`);
    if (faults.length > before) continue;
    const bundle = bundleOf(name, own, shared, faults);
    if (bundle) bundles.set(name, bundle);
  }
  if (faults.length > 0) throw new Error([`${dir}: some templates are not valid.`, ...faults].join('\n  '));
  return bundles;
}

function bundleOf(name: string, own: FolderFiles, shared: FolderFiles, faults: string[]): TemplateBundle | undefined {
  const { locale, ...pdf } = (own.options ?? {}) as { locale?: string };
  const locales = localesOf(own, shared, locale);
  if (locale !== undefined && !(locale in locales))
    faults.push(`${name}/options.json: locale: there is no locales/${locale}.json.`);
  const parsed = TemplateBundle.safeParse({
    html: own.html,
    css: shared.css === undefined ? own.css : `${shared.css}\n${own.css ?? ''}`,
    header: own.header,
    footer: own.footer,
    ...(own.layout !== undefined && { layout: own.layout }),
    partials: { ...shared.partials, ...own.partials },
    locales,
    assets: { ...shared.assets, ...own.assets },
    schema: own.schema,
    sample: own.sample,
    pdf,
  });
  if (parsed.success) {
    const size = Buffer.byteLength(JSON.stringify(parsed.data));
    if (size > MAX_TEMPLATE_BYTES)
      faults.push(`${name}: has ${size} bytes as JSON; ${MAX_TEMPLATE_BYTES} are allowed. Make its assets smaller.`);
    faults.push(...checkTemplate(parsed.data).map((fault) => inFile(name, fault, own)));
    return parsed.data;
  }
  for (const { path, message } of parsed.error.issues) {
    const pointer = path.map((step) => `/${String(step)}`).join('');
    faults.push(`${fileOf(name, pointer, own)}: ${message}`);
  }
  return undefined;
}

function localesOf(own: FolderFiles, shared: FolderFiles, first: string | undefined): TemplateBundle['locales'] {
  const names = [...new Set([...Object.keys(shared.locales), ...Object.keys(own.locales)])].sort();
  if (first !== undefined && names.includes(first)) names.unshift(...names.splice(names.indexOf(first), 1));
  return Object.fromEntries(names.map((name) => [name, { ...shared.locales[name], ...own.locales[name] }]));
}

function inFile(name: string, { pointer, detail, line, column }: TemplateFault, own: FolderFiles): string {
  const place = line === undefined ? '' : `:${line}:${column}`;
  return `${fileOf(name, pointer, own)}${place}: ${detail}`;
}

/** The file that a part of a bundle came from, and the field in it. */
function fileOf(name: string, pointer: string, own: FolderFiles): string {
  const [part = '', key = '', ...rest] = pointerKeys(pointer);
  const field = rest.length > 0 ? `: ${rest.join('.')}` : '';
  if (part === 'html') return `${name}/template.liquid`;
  if (part === 'css') return `${name}/style.css`;
  if (part === 'header' || part === 'footer') return `${name}/${part}.liquid`;
  if (part === 'layout') return `${name}/layout.typ`;
  if (part === 'partials') return `${key in own.partials ? name : SHARED}/partials/${key}.liquid`;
  if (part === 'locales') return `${key in own.locales ? name : SHARED}/locales/${key}.json${field}`;
  if (part === 'assets') return `${key in own.assets ? name : SHARED}/${key}`;
  if (part === 'pdf') return `${name}/options.json: ${[key, ...rest].join('.')}`;
  return `${name}/${part}.json${key ? `: ${[key, ...rest].join('.')}` : ''}`;
}

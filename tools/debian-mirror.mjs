import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Debian's own names for releases that move; the name of the machine's release comes from os-release.
const ROLLING = ['stable', 'testing', 'unstable', 'sid'];

/** The mirrors that serve Debian's main archive to this machine, likeliest first, from its own apt sources. */
export function debianMirrors({ aptDir = '/etc/apt', osRelease = '/etc/os-release' } = {}) {
  const files = [join(aptDir, 'sources.list'), ...list(join(aptDir, 'sources.list.d'))];
  const sources = files.flatMap((file) => (file.endsWith('.sources') ? stanzas(read(file)) : lines(read(file))));
  const suites = [...ROLLING, ...codename(read(osRelease))];
  const found = sources.filter(
    ({ uri, suites: served, components }) =>
      /^(https?|file):/.test(uri) && components.includes('main') && served.some((suite) => suites.includes(suite)),
  );
  // A third party's source may look the same but for its path, so mirrors with the usual path come first.
  const usual = ({ uri }) => /\/debian\/?$/.test(uri);
  return [...found.filter(usual), ...found.filter((source) => !usual(source))];
}

function codename(osRelease) {
  const isDebian = /^ID=["']?debian["']?$/m.test(osRelease);
  return isDebian ? (osRelease.match(/^VERSION_CODENAME=["']?(\w+)/m)?.slice(1) ?? []) : [];
}

// deb822, as in debian.sources: `Field: value` paragraphs.
function stanzas(text) {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const plain = paragraph.replace(/^#.*\n?/gm, '').replace(/\n[ \t]+/g, ' ');
    const field = (name) => plain.match(new RegExp(`^${name}:[ \\t]*(.*)$`, 'im'))?.[1].trim() ?? '';
    if (!words(field('Types')).includes('deb') || /^no$/i.test(field('Enabled'))) return [];
    const signedBy = field('Signed-By').startsWith('/') ? field('Signed-By') : undefined; // else a key in the file itself
    const rest = { suites: words(field('Suites')), components: words(field('Components')), signedBy };
    return words(field('URIs')).map((uri) => ({ uri, ...rest }));
  });
}

// One line each: deb [options] uri suite component...
function lines(text) {
  return text.split('\n').flatMap((line) => {
    const [, options = '', uri, suite, components = ''] =
      line.match(/^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/) ?? [];
    const signedBy = options.match(/signed-by=(\/\S+)/i)?.[1];
    return uri ? [{ uri, suites: [suite], components: words(components), signedBy }] : [];
  });
}

function words(text) {
  return text.split(/\s+/).filter(Boolean);
}

function list(dir) {
  try {
    return readdirSync(dir)
      .filter((name) => /\.(list|sources)$/.test(name))
      .map((name) => join(dir, name));
  } catch {
    return [];
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

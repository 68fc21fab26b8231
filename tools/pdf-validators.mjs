import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fetchFromRelease } from './debian-package.mjs';
import { exec, onPath } from './exec.mjs';
import { diagnose, SetupError, step } from './step.mjs';

/** From Maven Central: veraPDF (GPL 3 or MPL 2) and Mustang (Apache 2). Only the tests run them; nothing links to them. */
const JARS = [
  {
    file: 'verapdf.jar',
    artifact: 'org.verapdf.apps:greenfield-apps:1.28.2',
    sha256: '687d4d8bcfec48c9f7e931cf78ed061f1eeccfba55d4cdc000ba9b4d8aa46ce6',
  },
  {
    file: 'mustang.jar',
    artifact: 'org.mustangproject:Mustang-CLI:2.26.0',
    sha256: '42d7868cb68264874a7b8cab4c3587b03b23ccc7cd72373da917f66758bb9736',
  },
];
// 3.0 and later also want the POM of the artifact's parent, and that of Mustang was never published.
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy';
const OLDEST = 11;
const REMEDY = 'Install Java 11 or newer and Maven, which fetch them (apt install default-jre-headless maven).';

/**
 * The folder with the programs that judge PDF/A files and invoices in tests, from PDF_VALIDATORS_DIR, our cache, or fetched
 * into the cache now: `verapdf.jar`, `mustang.jar`, and `java`, which runs them.
 */
export async function ensurePdfValidators(root) {
  return findPdfValidators(root) ?? (await fetchPdfValidators(root));
}

/** Like `ensurePdfValidators`, but only looks. */
export function findPdfValidators(root) {
  const chosen = process.env.PDF_VALIDATORS_DIR;
  if (chosen && !isComplete(chosen)) {
    const names = JARS.map(({ file }) => file).join(' and ');
    throw new SetupError(`PDF_VALIDATORS_DIR=${chosen} must hold ${names}, and a java that runs; or unset it.`);
  }
  return chosen || (isComplete(cacheDir(root)) ? cacheDir(root) : undefined);
}

async function fetchPdfValidators(root) {
  const into = cacheDir(root);
  mkdirSync(dirname(into), { recursive: true });
  const draft = mkdtempSync(join(dirname(into), 'pdf-validators-'));
  try {
    return await step('fetching veraPDF and Mustang, which judge PDF/A files and invoices in tests', async () => {
      const home = join(root, '.cache', 'java');
      const { java, mvn } = await javaAndMaven(home);
      for (const jar of JARS) await fetchJar(jar, { java, mvn, into: draft });
      writeLauncher(join(draft, 'java'), java);
      rmSync(into, { recursive: true, force: true });
      renameSync(draft, into);
      return into;
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(`The tests need veraPDF and Mustang, and they were not had (${error.message}). ${REMEDY}`);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The machine's own, or those of its release of Debian, in `home`. */
async function javaAndMaven(home) {
  const own = { java: onPath('java'), mvn: onPath('mvn') };
  if (own.java && versionOf(own.java) >= OLDEST && own.mvn) return own;
  const fetched = () => ({ java: findJava(home), mvn: join(home, 'usr', 'share', 'maven', 'bin', 'mvn') });
  if (!existsSync(home)) {
    await fetchFromRelease({ packageName: ['default-jre-headless', 'maven'], into: home });
    relink(home);
  }
  const java = own.java && versionOf(own.java) >= OLDEST ? own.java : fetched().java;
  if (!java || !(versionOf(java) >= OLDEST)) throw new SetupError('the Java of this release does not run here');
  return { java, mvn: own.mvn ?? fetched().mvn };
}

function findJava(home) {
  const folder = join(home, 'usr', 'lib', 'jvm');
  const homes = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name, 'bin', 'java')) : [];
  return homes.find((path) => existsSync(path));
}

/** What is unpacked and not installed has links to /etc and /usr that lead nowhere; they are made to lead here. */
function relink(home) {
  for (const entry of readdirSync(home, { recursive: true })) {
    const path = join(home, entry);
    if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) continue;
    const target = readlinkSync(path);
    if (!target.startsWith('/') || !existsSync(join(home, target))) continue;
    rmSync(path);
    symlinkSync(relative(dirname(path), join(home, target)), path);
  }
}

/** Maven knows from where this machine may fetch; that it is the right file, the checksum says. */
async function fetchJar({ file, artifact, sha256 }, { java, mvn, into }) {
  const [, name, version] = artifact.split(':');
  const env = { ...process.env, JAVA_HOME: dirname(dirname(realpathSync(java))) };
  const options = [`-Dartifact=${artifact}`, `-DoutputDirectory=${into}`, '-Dmdep.useBaseVersion=true'];
  const { code, output } = await exec(mvn, ['-q', '-B', COPY, ...options], { cwd: into, env });
  const fetched = join(into, `${name}-${version}.jar`);
  if (code !== 0 || !existsSync(fetched))
    throw new SetupError(
      `Maven could not fetch ${artifact}: ${diagnose(output.match(/^\[ERROR\].*/m)?.[0] ?? output)}`,
    );
  const found = createHash('sha256').update(readFileSync(fetched)).digest('hex');
  if (found !== sha256) throw new SetupError(`${artifact} has the SHA-256 ${found}, and should have ${sha256}`);
  renameSync(fetched, join(into, file));
}

function writeLauncher(path, java) {
  writeFileSync(path, `#!/bin/sh\nexec '${java}' "$@"\n`);
  chmodSync(path, 0o755);
}

function isComplete(dir) {
  return JARS.every(({ file }) => existsSync(join(dir, file))) && versionOf(join(dir, 'java')) >= OLDEST;
}

function cacheDir(root) {
  return join(root, '.cache', 'pdf-validators');
}

function versionOf(java) {
  try {
    // 1.8 and before count differently; 1 is too old in any case.
    const output = execFileSync(java, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return Number(output.match(/^\S+ (\d+)/)?.[1]);
  } catch {
    return undefined;
  }
}

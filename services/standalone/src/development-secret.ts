import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SECRET_BYTES = 32;

/** A secret that is made once and kept in the data folder, readable by its owner only; base64url. */
export async function developmentSecret(dataDir: string, name: string): Promise<string> {
  const path = join(dataDir, `${name}.secret`);
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  // Of two processes that start together, the second reads what the first wrote.
  const written = await writeFile(path, secret, { flag: 'wx', mode: 0o600 }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return false;
    },
  );
  return written ? secret : (await readFile(path, 'utf8')).trim();
}

/**
 * For processes that run from the sources, as those of tests do: Node strips the types itself, but does not
 * find `./x.ts` where the source says `./x.js`. Loaded with `--import`; the build has no use for it.
 */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || !specifier.endsWith('.js') || !context.parentURL?.endsWith('.ts'))
      return next(specifier, context);
    const source = `${specifier.slice(0, -3)}.ts`;
    const found = existsSync(fileURLToPath(new URL(source, context.parentURL)));
    return next(found ? source : specifier, context);
  },
});

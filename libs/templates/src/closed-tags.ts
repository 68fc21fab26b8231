import type { Liquid } from 'liquidjs';

/** Tags of LiquidJS that see, or are seen by, what is around them: `render` does all that templates need of them. */
const CLOSED = ['include', 'layout', 'block'];

/** Makes the tags that templates do not have a fault that says what to write instead. */
export function closeTags(engine: Liquid): void {
  for (const tag of CLOSED)
    engine.registerTag(tag, {
      parse() {
        throw new Error(`{% ${tag} %} is not known here; use {% render "partial" %}`);
      },
      render() {},
    });
}

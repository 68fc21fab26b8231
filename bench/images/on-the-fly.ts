import type { Contestant } from './contestant.ts';
import { overHttp } from './http.ts';
import type { ImageTandem } from './tandem.ts';
import { type Source, TASKS, type Task } from './tasks.ts';

/** More than all rounds of a task ask for one photograph. */
const COPIES = 300;

/**
 * The tasks as presets, each many times: the images of two of them are alike, but each is another one for the cache, as
 * its background says; no photograph shows that.
 */
export function benchPresets(): Record<string, object> {
  return Object.fromEntries(
    TASKS.flatMap((task) =>
      Array.from({ length: COPIES }, (_, copy) => [presetName(task, copy), optionsOf(task, copy)]),
    ),
  );
}

/** `GET /v1/images/{object}/{preset}`: each URL asked for once, or so often that the image is there already. */
export function tandemOnTheFly({ stack, objects }: ImageTandem, kind: 'cold' | 'warm'): Contestant {
  const { gateway, media, postgres, nats } = stack.pids;
  const used = new Map<string, number>();
  const pathOf = ({ task, file }: Source, copy: number) => `/v1/images/${objects.get(file)}/${presetName(task, copy)}`;
  const headers = { authorization: `Bearer ${stack.token}` };
  const server = overHttp({
    key: kind === 'cold' ? 'on-the-fly' : 'on-the-fly-warm',
    name: kind === 'cold' ? 'Tandem on the fly, new URLs' : 'Tandem on the fly, from the cache',
    url: stack.url,
    pids: { gateway, media: media!, postgres, nats },
    headers,
    path(source) {
      // The last copy is the warm one.
      if (kind === 'warm') return pathOf(source, COPIES - 1);
      const copy = used.get(source.file) ?? 0;
      if (copy >= COPIES - 1) throw new Error(`${COPIES} presets are too few for so many rounds`);
      used.set(source.file, copy + 1);
      return pathOf(source, copy);
    },
    stop: async () => {},
  });
  if (kind === 'cold') return server;
  return {
    ...server,
    async round(sources) {
      for (const source of new Set(sources)) await server.picture(source);
      return server.round(sources);
    },
  };
}

function presetName({ key }: Task, copy: number): string {
  return `bench-${key}-${copy}`;
}

function optionsOf({ width, height, format, quality }: Task, copy: number): object {
  const background = `#${copy.toString(16).padStart(6, '0')}`;
  return { width, height, fit: 'inside', format, ...(quality && { quality }), background };
}

import { execFile } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Rejected } from '@tandem/messaging/outcome';
import type { Size } from './layout.js';
import type { Pixels } from './pixels.js';

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = fileURLToPath(new URL(`./rasterise-svg${extname(import.meta.filename)}`, import.meta.url));
const RGBA = 4;
/** What librsvg takes one CSS inch for. */
const BASE_DENSITY = 72;
/** sharp's limit. */
const MAX_DENSITY = 100_000;
const MAX_JSON = 1000;

/** When a drawing ends that does not end by itself. */
export interface DrawLimits {
  seconds: number;
  signal: AbortSignal;
}

/** The size that an SVG gives itself; that of its drawing when it gives none. */
export async function measureSvg(svg: Buffer, limits: DrawLimits): Promise<Size> {
  return JSON.parse((await run(svg, [], MAX_JSON, limits)).toString());
}

/** Draws an SVG of `intrinsic` size at `size`, crisp at any scale. */
export async function drawSvg(svg: Buffer, intrinsic: Size, size: Size, limits: DrawLimits): Promise<Pixels> {
  const { width, height } = size;
  const scale = Math.max(width / intrinsic.width, height / intrinsic.height);
  const density = Math.min(MAX_DENSITY, Math.max(1, BASE_DENSITY * scale));
  const data = await run(svg, [width, height, density], width * height * RGBA, limits);
  return { data, width, height, channels: RGBA };
}

function run(svg: Buffer, numbers: number[], maxBuffer: number, { seconds, signal }: DrawLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...numbers.map(String)],
      // No environment: the drawing needs none of the service's secrets.
      { encoding: 'buffer', maxBuffer, timeout: seconds * 1000, killSignal: 'SIGKILL', signal, env: {} },
      (error, stdout) => (error ? reject(readable(error, seconds, signal)) : resolve(stdout)),
    );
    // A child that is killed closes the pipe; the callback has the reason.
    child.stdin?.on('error', () => {});
    child.stdin?.end(svg);
  });
}

function readable(cause: Error & { killed?: boolean }, seconds: number, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const detail = cause.killed
    ? `The SVG takes more than ${seconds} s to draw. Simplify it: filters, dashes and nested <use> elements cost most.`
    : 'The SVG cannot be drawn: it is not well-formed, or it nests too deeply. Check it in a browser.';
  return new Rejected(cause.killed ? 'timeout' : 'image_unreadable', detail, { cause });
}

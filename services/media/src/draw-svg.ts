import { extname } from 'node:path';
import { Rejected } from '@tandem/messaging/outcome';
import { runIsolated } from '@tandem/runtime/isolate';
import { ChildDied, IsolateTimedOut } from '@tandem/runtime/isolated-child';
import type { Size } from './layout.js';
import type { Pixels } from './pixels.js';
import type { Drawing } from './rasterise-svg.js';

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = new URL(`./rasterise-svg${extname(import.meta.filename)}`, import.meta.url);
const RGBA = 4;
/** What librsvg takes one CSS inch for. */
const BASE_DENSITY = 72;
/** sharp's limit. */
const MAX_DENSITY = 100_000;

/** When a drawing ends that does not end by itself. */
export interface DrawLimits {
  seconds: number;
  signal: AbortSignal;
}

/** The size that an SVG gives itself; that of its drawing when it gives none. */
export async function measureSvg(svg: Buffer, limits: DrawLimits): Promise<Size> {
  return run<Buffer, Size>('measure', svg, limits);
}

/** Draws an SVG of `intrinsic` size at `size`, crisp at any scale. */
export async function drawSvg(svg: Buffer, intrinsic: Size, size: Size, limits: DrawLimits): Promise<Pixels> {
  const { width, height } = size;
  const scale = Math.max(width / intrinsic.width, height / intrinsic.height);
  const density = Math.min(MAX_DENSITY, Math.max(1, BASE_DENSITY * scale));
  const data = await run<Drawing, Buffer>('rasterise', { svg, width, height, density }, limits);
  return { data, width, height, channels: RGBA };
}

// A process for each drawing: what a crafted file may do to librsvg is over with it.
async function run<I, O>(name: string, input: I, { seconds, signal }: DrawLimits): Promise<O> {
  try {
    return await runIsolated<I, O>(PROGRAM, name, input, { signal, timeoutMs: seconds * 1000 });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    // Not the drawing's fault but, most likely, the kernel's, for want of memory: another attempt may do.
    if (cause instanceof ChildDied && cause.signal === 'SIGKILL') throw cause;
    const late = cause instanceof IsolateTimedOut;
    const detail = late
      ? `The SVG takes more than ${seconds} s to draw. Simplify it: filters, dashes and nested <use> elements cost most.`
      : 'The SVG cannot be drawn: it is not well-formed, or it nests too deeply. Check it in a browser.';
    throw new Rejected(late ? 'timeout' : 'image_unreadable', detail, { cause });
  }
}

import type { PDFContext, PDFDict } from '@cantoo/pdf-lib';
import { written } from './page-geometry.js';

/** A colour such as `#d70000` as the numbers of `rg`. */
export function rgb(color: string): string {
  return written(...[1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255));
}

/** A graphics state that paints with this opacity. */
export function opacityState(context: PDFContext, opacity: number): PDFDict {
  return context.obj({ Type: 'ExtGState', ca: opacity, CA: opacity });
}

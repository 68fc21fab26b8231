import type { PDFRef } from '@cantoo/pdf-lib';

/** Something to be drawn on pages: a form or an image that fills `width` by `height` from its bottom left corner. */
export interface Mark {
  ref: PDFRef;
  width: number;
  height: number;
}

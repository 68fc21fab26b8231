/** a, b, c, d, e, f of PDF's `cm`: x' = a x + c y + e, y' = b x + d y + f. */
export type Matrix = readonly [number, number, number, number, number, number];

/** A rectangle in the page's own coordinates. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A page as it is seen: in points (1/72 inch), from its bottom left corner, upright. */
export interface SeenPage {
  width: number;
  height: number;
  /** From what is seen to the page's own coordinates. */
  toPage: Matrix;
  /** What is visible of it, in its own coordinates. */
  box: Box;
}

/** What a page dictionary says of its size; arrays are as they stand in the file. */
export interface PageBoxes {
  mediaBox?: readonly number[];
  cropBox?: readonly number[];
  rotate?: number;
  userUnit?: number;
}

/** What viewers take when a page says nothing (PDFium does): US letter. */
const LETTER: Box = { x: 0, y: 0, width: 612, height: 792 };

/** How a page is seen: its CropBox within its MediaBox, turned by Rotate, in units of UserUnit/72 inch (ISO 32000-2, 7.7.3.3). */
export function seenPage({ mediaBox, cropBox, rotate = 0, userUnit = 1 }: PageBoxes): SeenPage {
  const media = boxOf(mediaBox) ?? LETTER;
  const box = overlap(media, boxOf(cropBox) ?? media) ?? media;
  const unit = Number.isFinite(userUnit) && userUnit > 0 ? userUnit : 1;
  const k = 1 / unit;
  const { x, y } = box;
  const right = x + box.width;
  const top = y + box.height;
  const turns = Number.isFinite(rotate) ? ((Math.round(rotate / 90) % 4) + 4) % 4 : 0;
  const toPage = (
    [
      [k, 0, 0, k, x, y],
      [0, k, -k, 0, right, y],
      [-k, 0, 0, -k, right, top],
      [0, -k, k, 0, x, top],
    ] as const
  )[turns]!;
  const [width, height] = turns % 2 ? [box.height, box.width] : [box.width, box.height];
  return { width: width * unit, height: height * unit, toPage, box };
}

/** The matrix that does `first`, then `second`. */
export function followedBy(first: Matrix, second: Matrix): Matrix {
  const [a, b, c, d, e, f] = first;
  const [A, B, C, D, E, F] = second;
  return [a * A + b * C, a * B + b * D, c * A + d * C, c * B + d * D, e * A + f * C + E, e * B + f * D + F];
}

/** Undoes `matrix`, which must not be flat. */
export function inverse([a, b, c, d, e, f]: Matrix): Matrix {
  const det = a * d - b * c;
  return [d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det];
}

/** Numbers as PDF writes them: no exponents. */
export function written(...numbers: readonly number[]): string {
  return numbers.map((number) => String(Number(number.toFixed(5)))).join(' ');
}

function boxOf(corners: readonly number[] | undefined): Box | undefined {
  if (corners?.length !== 4 || !corners.every(Number.isFinite)) return undefined;
  const [x1, y1, x2, y2] = corners as [number, number, number, number];
  const box = { x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1) };
  return box.width > 0 && box.height > 0 ? box : undefined;
}

function overlap(a: Box, b: Box): Box | undefined {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

/** What a row was foretold from, byte by byte: what is to its left, above, and above its left (PNG, 9.2). */
type Filter = (left: number, up: number, corner: number) => number;

const FILTERS: Filter[] = [
  () => 0,
  (left) => left,
  (_left, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, corner) => {
    const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
    if (toLeft <= toUp && toLeft <= toCorner) return left;
    return toUp <= toCorner ? up : corner;
  },
];

/** The rows as they were before PNG predictors; undefined for what has none of the five. `step`: the bytes of a pixel, or 1. */
export function unpredicted(data: Uint8Array, row: number, height: number, step: number): Uint8Array | undefined {
  const rows = new Uint8Array(row * height);
  if (data.length < (row + 1) * height) return undefined;
  for (let y = 0; y < height; y++) {
    const foretell = FILTERS[data[y * (row + 1)]!];
    if (!foretell) return undefined;
    for (let x = 0; x < row; x++) {
      const at = y * row + x;
      const left = x >= step ? rows[at - step]! : 0;
      const up = y > 0 ? rows[at - row]! : 0;
      const corner = x >= step && y > 0 ? rows[at - row - step]! : 0;
      rows[at] = data[y * (row + 1) + 1 + x]! + foretell(left, up, corner);
    }
  }
  return rows;
}

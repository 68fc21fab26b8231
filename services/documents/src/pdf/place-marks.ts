import type { Compass } from '@tandem/contracts/image-options';
import { followedBy, type Matrix } from './page-geometry.js';

/** How a mark lies on a page. */
export interface Placement {
  /** Degrees clockwise. */
  rotate: number;
  /** Width, once turned, as a share of the page's. */
  scale: number;
  position: Compass;
  /** Points. */
  margin: number;
  tile: boolean;
}

interface Size {
  width: number;
  height: number;
}

/** Enough for any pattern that can be read. */
const MOST_TILES = 2_000;

/** Where a mark goes on a page of this size, both in points from the bottom left: a matrix for each time it is drawn. */
export function placeMarks(
  page: Size,
  mark: Size,
  { rotate, scale, position, margin: asked, tile }: Placement,
): Matrix[] {
  const margin = Math.min(asked, page.width / 4, page.height / 4);
  const angle = (-rotate * Math.PI) / 180;
  const turned = turnedSize(mark, angle);
  const share = (scale * page.width) / turned.width;
  const factor = Math.min(share, (page.width - 2 * margin) / turned.width, (page.height - 2 * margin) / turned.height);
  const size = { width: turned.width * factor, height: turned.height * factor };
  const [cos, sin] = [Math.cos(angle) * factor, Math.sin(angle) * factor];
  const around: Matrix = followedBy([1, 0, 0, 1, -mark.width / 2, -mark.height / 2], [cos, sin, -sin, cos, 0, 0]);
  const centers = tile ? tiles(page, size, margin) : [centerAt(position, page, size, margin)];
  return centers.map(([x, y]) => followedBy(around, [1, 0, 0, 1, x, y]));
}

function turnedSize({ width, height }: Size, angle: number): Size {
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  return { width: width * cos + height * sin, height: width * sin + height * cos };
}

function centerAt(position: Compass, page: Size, size: Size, margin: number): [number, number] {
  const left = margin + size.width / 2;
  const bottom = margin + size.height / 2;
  const x = position.endsWith('west') ? left : position.endsWith('east') ? page.width - left : page.width / 2;
  const y = position.startsWith('south')
    ? bottom
    : position.startsWith('north')
      ? page.height - bottom
      : page.height / 2;
  return [x, y];
}

/** Rows from the top, every other one shifted by half a step, as bricks are laid. */
function tiles(page: Size, size: Size, margin: number): [number, number][] {
  let step = { x: size.width + margin, y: size.height + margin };
  const count = (page.width / step.x + 2) * (page.height / step.y + 1);
  if (count > MOST_TILES) {
    const wider = Math.sqrt(count / MOST_TILES) * 1.1;
    step = { x: step.x * wider, y: step.y * wider };
  }
  const centers: [number, number][] = [];
  for (let row = 0; row * step.y < page.height + size.height; row++) {
    const y = page.height - margin - size.height / 2 - row * step.y;
    const shift = row % 2 ? step.x / 2 : 0;
    for (let x = margin + size.width / 2 - shift; x - size.width / 2 < page.width; x += step.x) centers.push([x, y]);
  }
  return centers.slice(0, 2 * MOST_TILES);
}

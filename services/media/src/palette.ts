/** A colour, and its share of the visible pixels. */
export interface PaletteColor {
  /** `#rrggbb` */
  color: string;
  share: number;
}

const COLORS = 6;
const HALF_VISIBLE = 128;
/** Distance in RGB below which two colours are one to the eye of a designer; a step of one bin is 16. */
const ALIKE = 56;
const MIN_SHARE = 0.005;

interface Bin {
  count: number;
  red: number;
  green: number;
  blue: number;
}

/**
 * The main colours of a picture, fullest first: the pixels in bins of 4 bits a channel, each bin joined to the fullest
 * one that looks alike. Each colour is the mean of its pixels. Transparent pixels do not count.
 */
export function paletteOf(rgba: Uint8Array): PaletteColor[] {
  const { bins, visible } = binsOf(rgba);
  const groups: { seed: Bin; sum: Bin }[] = [];
  for (const bin of bins) {
    const group = groups.find(({ seed }) => distance(seed, bin) < ALIKE);
    if (group) add(group.sum, bin);
    else groups.push({ seed: bin, sum: { ...bin } });
  }
  return groups
    .sort((a, b) => b.sum.count - a.sum.count)
    .slice(0, COLORS)
    .map(({ sum }) => ({ color: hex(sum), share: Math.round((sum.count / visible) * 1_000) / 1_000 }))
    .filter(({ share }, index) => index === 0 || share >= MIN_SHARE);
}

/** Fullest first. */
function binsOf(rgba: Uint8Array): { bins: Bin[]; visible: number } {
  const bins = new Map<number, Bin>();
  let visible = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    if (rgba[at + 3]! < HALF_VISIBLE) continue;
    const [red, green, blue] = [rgba[at]!, rgba[at + 1]!, rgba[at + 2]!];
    const key = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
    const bin = bins.get(key);
    if (bin) add(bin, { count: 1, red, green, blue });
    else bins.set(key, { count: 1, red, green, blue });
    visible++;
  }
  return { bins: [...bins.values()].sort((a, b) => b.count - a.count), visible };
}

function add(to: Bin, { count, red, green, blue }: Bin): void {
  to.count += count;
  to.red += red;
  to.green += green;
  to.blue += blue;
}

function meanOf({ count, red, green, blue }: Bin): number[] {
  return [red / count, green / count, blue / count];
}

function distance(a: Bin, b: Bin): number {
  const [p, q] = [meanOf(a), meanOf(b)];
  return Math.hypot(p[0]! - q[0]!, p[1]! - q[1]!, p[2]! - q[2]!);
}

function hex(bin: Bin): string {
  return `#${Buffer.from(meanOf(bin).map(Math.round)).toString('hex')}`;
}

/** Mean of the luminance table of the JPEG standard (ITU-T T.81, table K.1), which libjpeg scales by quality. */
const STANDARD_MEAN = 3687 / 64;
const DQT = 0xdb;
const START_OF_SCAN = 0xda;

/**
 * The quality that a JPEG was saved with, on libjpeg's scale, as far as its table for luminance tells. Other encoders
 * have other tables; their mean still orders them. Below 25, where tables are cut off at 255, it says too much. Undefined without a table.
 */
export function jpegQuality(bytes: Buffer): number | undefined {
  const table = luminanceTable(bytes);
  if (!table) return undefined;
  const scale = (table.reduce((sum, step) => sum + step, 0) / table.length / STANDARD_MEAN) * 100;
  // libjpeg's jpeg_quality_scaling, the other way round.
  const quality = scale > 100 ? 5_000 / scale : (200 - scale) / 2;
  return Math.max(1, Math.min(100, Math.round(quality)));
}

/** Walks the markers up to the first table; the one with number 0 is of luminance. */
function luminanceTable(bytes: Buffer): number[] | undefined {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (marker === START_OF_SCAN) return undefined;
    const table = marker === DQT ? tableIn(bytes.subarray(at + 4, end)) : undefined;
    if (table) return table;
    at = end;
  }
  return undefined;
}

function tableIn(segment: Buffer): number[] | undefined {
  for (let at = 0; at < segment.length; ) {
    const deep = segment[at]! >> 4;
    const length = deep ? 128 : 64;
    const table = segment.subarray(at + 1, at + 1 + length);
    if ((segment[at]! & 15) === 0 && table.length === length)
      return deep ? Array.from({ length: 64 }, (_, index) => table.readUInt16BE(index * 2)) : [...table];
    at += 1 + length;
  }
  return undefined;
}

/** Width and height of a PNG, JPEG or WebP that Chromium wrote, from its header. */
export function imageSize(image: Buffer): { width: number; height: number } {
  if (image.readUInt32BE(0) === 0x89504e47) return { width: image.readUInt32BE(16), height: image.readUInt32BE(20) };
  if (image.readUInt16BE(0) === 0xffd8) return jpegSize(image);
  if (image.toString('latin1', 8, 12) === 'WEBP') return webpSize(image);
  throw new Error('the browser wrote an image of an unknown kind');
}

/** The first start of a frame (ITU-T T.81, B.2.2): markers C0 to CF but for C4, C8 and CC. */
function jpegSize(image: Buffer): { width: number; height: number } {
  for (let at = 2; at + 9 < image.length; at += 2 + image.readUInt16BE(at + 2)) {
    const marker = image[at + 1]!;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { width: image.readUInt16BE(at + 7), height: image.readUInt16BE(at + 5) };
    }
  }
  throw new Error('the browser wrote a JPEG without a frame');
}

/** The three forms of RFC 9649: extended, lossy, lossless. */
function webpSize(image: Buffer): { width: number; height: number } {
  const form = image.toString('latin1', 12, 16);
  if (form === 'VP8X') return { width: 1 + image.readUIntLE(24, 3), height: 1 + image.readUIntLE(27, 3) };
  if (form === 'VP8 ') return { width: image.readUInt16LE(26) & 0x3fff, height: image.readUInt16LE(28) & 0x3fff };
  const bits = image.readUInt32LE(21);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
}

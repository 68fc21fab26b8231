/** Whether the pixels of a WebP, in each frame, are stored without loss (RFC 9649: `VP8L` against `VP8 `). */
export function isLosslessWebp(bytes: Buffer): boolean {
  const kinds = pixelChunks(bytes.subarray(12));
  return kinds.length > 0 && kinds.every((kind) => kind === 'VP8L');
}

function pixelChunks(chunks: Buffer): string[] {
  const kinds: string[] = [];
  for (let at = 0; at + 8 <= chunks.length; ) {
    const kind = chunks.toString('latin1', at, at + 4);
    const length = chunks.readUInt32LE(at + 4);
    const data = chunks.subarray(at + 8, at + 8 + length);
    // Chunks of a frame begin after its place, size and timing.
    if (kind === 'ANMF') kinds.push(...pixelChunks(data.subarray(16)));
    if (kind === 'VP8 ' || kind === 'VP8L') kinds.push(kind);
    // Padded to even lengths.
    at += 8 + length + (length % 2);
  }
  return kinds;
}

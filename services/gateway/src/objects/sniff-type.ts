import { fileTypeFromBuffer } from 'file-type';

/** Bytes from the beginning of a file that suffice to tell its type (file-type's own sample size). */
export const SNIFF_BYTES = 4_100;

/** The media type of a file by its first bytes; its name and the sender's Content-Type are not asked. */
export async function sniffType(head: Uint8Array): Promise<string> {
  const known = await fileTypeFromBuffer(head);
  const text = known && known.mime !== 'application/xml' ? undefined : asText(head);
  if (text !== undefined && /<svg[\s>]/i.test(text)) return 'image/svg+xml';
  if (known) return known.mime;
  return text === undefined ? 'application/octet-stream' : 'text/plain; charset=utf-8';
}

function asText(head: Uint8Array): string | undefined {
  try {
    // `stream` lets the sample end in the middle of a character.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

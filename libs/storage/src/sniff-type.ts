import { fileTypeFromBuffer } from 'file-type';

/** Bytes from the beginning of a file that suffice to tell its type (file-type's own sample size). */
export const SNIFF_BYTES = 4_100;

/**
 * The media type of a file by its first bytes; its name and the sender's Content-Type are not asked. What is unknown is
 * `text/plain; charset=utf-8` when it reads as such, else `application/octet-stream`.
 */
export async function sniffType(head: Uint8Array): Promise<string> {
  if (looksLikeSvg(head)) return 'image/svg+xml';
  const known = (await fileTypeFromBuffer(head))?.mime ?? tiffOf(head);
  if (known) return known;
  return asText(head) === undefined ? 'application/octet-stream' : 'text/plain; charset=utf-8';
}

/** In UTF-16 too, so that the rules about SVG decide and not a guess. A page with a drawing in it is none. */
function looksLikeSvg(head: Uint8Array): boolean {
  const text = Buffer.from(head)
    .toString('latin1')
    .replaceAll('\0', '')
    .replace(/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/, '');
  return /^\s*<(?!html|!doctype\s+html)/i.test(text) && /<(?:[a-z]+:)?svg[\s>/]|<!doctype\s+svg/i.test(text);
}

/** file-type tells TIFF from camera formats by its directory, which most TIFFs have at their end, beyond the head. */
function tiffOf(head: Uint8Array): string | undefined {
  return ['49492a00', '4d4d002a'].includes(Buffer.from(head.subarray(0, 4)).toString('hex')) ? 'image/tiff' : undefined;
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

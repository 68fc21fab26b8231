/**
 * A key as an S3 server gets it. Supabase Storage refuses most characters beside letters, digits and some signs, the
 * percent sign among them, so all others are written as in a URL, with `=` in the place of `%`. What starts with a
 * prefix still does.
 */
export function toS3Key(key: string): string {
  return key
    .split('/')
    .map((segment) => encodeURIComponent(segment).replaceAll('~', '%7E').replaceAll('%', '='))
    .join('/');
}

/** The key that `toS3Key` made this of, or undefined when it made it of none: somebody else's object. */
export function fromS3Key(encoded: string): string | undefined {
  try {
    const key = decodeURIComponent(encoded.replaceAll('=', '%'));
    return toS3Key(key) === encoded ? key : undefined;
  } catch {
    return undefined;
  }
}

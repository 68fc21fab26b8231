import { parse } from 'icc';

/** The description of an ICC profile, such as `Display P3`; undefined when it has none that can be read. */
export function profileName(icc: Buffer | undefined): string | undefined {
  try {
    return icc && (parse(icc).description?.replaceAll('\0', '').trim().slice(0, 200) || undefined);
  } catch {
    return undefined;
  }
}

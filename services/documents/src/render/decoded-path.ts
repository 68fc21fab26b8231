/** The path of an asset as a page writes it, without the escapes of URLs; itself where those are broken. */
export function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The path of a Chromium from CHROMIUM_BIN, the machine or our cache; undefined when there is none. */
export function findChromium(root: string): string | undefined;

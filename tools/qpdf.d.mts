/** The path of a qpdf 11 or newer on this machine or in the cache of the checkout `root`, if there is one. */
export function findQpdf(root: string): string | undefined;

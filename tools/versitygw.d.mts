/** The path of the S3 server that the tests use, on this machine or in the cache of the checkout `root`. */
export function findVersitygw(root: string): string | undefined;

/** Like `findVersitygw`, but builds one when there is none. */
export function ensureVersitygw(root: string): Promise<string>;

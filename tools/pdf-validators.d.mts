/** The folder with the programs that judge PDF/A files and invoices in tests, if there is one. */
export function findPdfValidators(root: string): string | undefined;

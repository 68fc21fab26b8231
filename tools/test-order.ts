import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest, by what the files do: on a fresh machine there are no times of an earlier run to go by. */
const LONG = [
  /\/e2e\/crash\./,
  /\/hostile-pages\./,
  /\/make-invoice\./,
  /\.e2e\.test\.ts$/,
  /\/documents\/.*\.int\.test\.ts$/,
  /\.int\.test\.ts$/,
];

/** Starts long files first, so that no worker is left alone with one at the end. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = LONG.findIndex((pattern) => pattern.test(moduleId));
  return found === -1 ? LONG.length : found;
}

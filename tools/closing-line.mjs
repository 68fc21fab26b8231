import { writeFileSync } from 'node:fs';

/**
 * A Vitest reporter that leaves the number of passed and failed tests in the file TANDEM_TEST_COUNTS, for the closing
 * line that tools/test.mjs prints. A test file that cannot be loaded counts as one failure.
 */
export default class ClosingLine {
  onTestRunEnd(modules, unhandledErrors) {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const count = (wanted) => states.filter((state) => state === wanted).length;
    const broken = modules.filter((module) => module.state() === 'failed' && !hasFailedTest(module)).length;
    const failed = count('failed') + broken + unhandledErrors.length;
    writeFileSync(process.env.TANDEM_TEST_COUNTS, JSON.stringify({ passed: count('passed'), failed }));
  }
}

function hasFailedTest(module) {
  return [...module.children.allTests('failed')].length > 0;
}

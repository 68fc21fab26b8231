import { writeFileSync } from 'node:fs';

/**
 * A Vitest reporter that leaves the number of passed and failed tests in the file TANDEM_TEST_COUNTS, for the closing
 * line that tools/test.mjs prints. A test file that cannot be loaded counts as one failure. Tests that passed only when
 * they were tried again are named, with what failed at first.
 */
export default class ClosingLine {
  onTestRunEnd(modules, unhandledErrors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    for (const test of tests) if (test.diagnostic()?.flaky) tellFlaky(test);
    const states = tests.map((test) => test.result().state);
    const count = (wanted) => states.filter((state) => state === wanted).length;
    const broken = modules.filter((module) => module.state() === 'failed' && !hasFailedTest(module)).length;
    const failed = count('failed') + broken + unhandledErrors.length;
    writeFileSync(process.env.TANDEM_TEST_COUNTS, JSON.stringify({ passed: count('passed'), failed }));
  }
}

function hasFailedTest(module) {
  return [...module.children.allTests('failed')].length > 0;
}

function tellFlaky(test) {
  const reasons = (test.result().errors ?? []).map(({ stack, message }) => stack ?? message);
  process.stdout.write(`FLAKY ${test.module.relativeModuleId}: ${test.fullName}\n${reasons.join('\n')}\n`);
}

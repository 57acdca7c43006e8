import type { Reporter, TestModule } from 'vitest/node';

/** Closes a run with one line of its own that counts the tests: `N passed, N failed`. Skipped ones stand in one before. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
    }
    // A file that does not load, a hook that fails and an error outside of any test are failures without a test.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const skipped = counts.skipped + counts.pending;
    if (skipped > 0) process.stdout.write(`\n${skipped} skipped\n`);
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed + broken} failed\n`);
  }
}

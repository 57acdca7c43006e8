import type { Reporter, TestModule } from 'vitest/node';

/** Prints `N passed, N failed` as the last line of a run, and the number of skipped tests in the line before. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
    }
    // Files that do not load, failed hooks and errors outside of tests count as failures.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const skipped = counts.skipped + counts.pending;
    if (skipped > 0) process.stdout.write(`\n${skipped} skipped\n`);
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed + broken} failed\n`);
  }
}

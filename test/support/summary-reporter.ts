import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import { type Counts, reportVariable } from '../../tools/test/suite.ts';

/**
 * Shows failures at once, and prints the number of skipped tests and `N passed, N failed` as the last lines of a run.
 * In `npm test`, it sends the counts to tools/test/main.ts instead, which prints the total.
 */
export default class SummaryReporter implements Reporter {
  /** Ends the run if the process that waits for the counts is killed. */
  onInit(): void {
    if (!process.env[reportVariable]) return;
    if (!process.connected) process.exit(1);
    process.once('disconnect', () => process.exit(1));
    process.channel?.unref();
  }

  onTestCaseResult(test: TestCase): void {
    show(test.module, test.fullName, test.result().errors);
  }

  /** Also a failed hook of a `describe` block. */
  onTestSuiteResult(suite: TestSuite): void {
    show(suite.module, suite.fullName, suite.errors());
  }

  /** Also a failed hook of a file, or a file that does not load. */
  onTestModuleEnd(module: TestModule): void {
    show(module, 'hooks and imports', module.errors());
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = countTests(modules, errors);
    if (process.env[reportVariable] && process.send) {
      process.send(counts);
      return;
    }
    if (counts.skipped > 0) process.stdout.write(`\n${counts.skipped} skipped\n`);
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed\n`);
  }
}

/** Shows a failure at once. Vitest itself shows it at the end of the run, which may be 20 minutes later. */
function show(
  { relativeModuleId }: TestModule,
  what: string,
  errors: readonly { message: string; diff?: string }[] = [],
): void {
  for (const { message, diff = '' } of errors)
    process.stdout.write(`\nfailed: ${relativeModuleId}: ${what}\n${message}\n${diff}\n`);
}

function countTests(modules: readonly TestModule[], errors: readonly unknown[]): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) counts[test.result().state] += 1;
  }
  // Files that do not load, failed hooks and errors outside of tests count as failures.
  const scopes = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const broken = scopes.filter((scope) => scope.errors().length > 0).length + errors.length;
  return { passed: counts.passed, failed: counts.failed + broken, skipped: counts.skipped + counts.pending };
}

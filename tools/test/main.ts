/**
 * `npm test`: lint and type check, then all suites. A failed suite does not prevent the next one. The last line of the
 * output is the total, `N passed, N failed`.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Counts, runSuite, type Suite } from './suite.ts';

const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs');

const suites: readonly Suite[] = [
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'], reportsCounts: false },
  { name: 'programs', command: [process.execPath, join(import.meta.dirname, 'programs.ts')], reportsCounts: false },
  { name: 'e2e', command: [process.execPath, vitest, 'run', '--config', 'vitest.e2e.config.ts'], reportsCounts: true },
  { name: 'unit, integration, faults', command: [process.execPath, vitest, 'run'], reportsCounts: true },
];

interface Result {
  readonly suite: Suite;
  readonly counts: Counts;
}

async function main(): Promise<void> {
  parseArgs({ options: {} });
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => end.abort());
  const results: Result[] = [];
  for (const suite of suites) {
    process.stdout.write(`\n${suite.name}:\n`);
    const counts = await runSuite(suite, { output: process.stdout, signal: end.signal });
    if (end.signal.aborted) throw new Error('interrupted');
    results.push({ suite, counts });
  }
  process.stdout.write(`\n${results.map(describeResult).join('\n')}\n`);
  const [passed, failed] = [total(results, 'passed'), total(results, 'failed')];
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** Differs in form from the total, which must be unique in the output. */
function describeResult({ suite: { name, reportsCounts }, counts: { passed, failed, skipped } }: Result): string {
  if (!reportsCounts) return `${name}: ${failed > 0 ? 'failed' : 'ok'}`;
  return `${name}: passed ${passed}, failed ${failed}, skipped ${skipped}`;
}

function total(results: readonly Result[], state: keyof Counts): number {
  return results.reduce((sum, { counts }) => sum + counts[state], 0);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});

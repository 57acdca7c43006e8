import { defineConfig } from 'vitest/config';

/** Settings of all suites, also of the end-to-end suite (vitest.e2e.config.ts). */
export const shared = {
  // Integration tests wait for a real cluster, and no test asserts how long that takes. More than the 90 s of poll().
  testTimeout: 300_000,
  // The first test on a machine builds the control plane.
  hookTimeout: 1_800_000,
  // The default of expect.poll, one second, is short on a busy machine. The same limit as that of poll().
  expect: { poll: { timeout: 90_000 } },
  maxWorkers: 2,
  reporters: ['default', './test/support/summary-reporter.ts'],
};

/** Bundles the operator for suites that start it often. */
export const operatorBundle = './test/support/operator-bundle.ts';

export default defineConfig({
  test: {
    ...shared,
    projects: [
      {
        extends: true,
        // Unit tests share no state, so the files of a worker can share loaded modules. That halves the time.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], pool: 'threads', isolate: false },
      },
      {
        extends: true,
        test: { name: 'integration', include: ['test/integration/**/*.test.ts'], globalSetup: operatorBundle },
      },
      { extends: true, test: { name: 'faults', include: ['test/faults/**/*.test.ts'], globalSetup: operatorBundle } },
    ],
  },
});

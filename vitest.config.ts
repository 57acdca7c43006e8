import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Has a configuration of its own: vitest.e2e.config.ts.
    exclude: ['test/e2e/**'],
    // Integration tests wait for a real cluster; nothing is asserted about how long it takes.
    testTimeout: 120_000,
    // The first control plane on a machine is built first.
    hookTimeout: 1_800_000,
    // How long expect.poll waits for what has to come; a second, its default, is short on a busy machine.
    expect: { poll: { timeout: 20_000 } },
    maxWorkers: 2,
    reporters: ['default', './test/support/summary-reporter.ts'],
  },
});

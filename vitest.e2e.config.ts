import { defineConfig } from 'vitest/config';
import { shared } from './vitest.config.ts';

/** The end-to-end suite, which needs a cluster with real nodes. */
export default defineConfig({
  test: {
    ...shared,
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 600_000,
    // Each test continues where the previous one stopped.
    bail: 1,
  },
});

import { defineConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The end-to-end suite, on a cluster with real nodes. */
export default defineConfig({
  test: {
    ...shared.test,
    include: ['test/e2e/**/*.test.ts'],
    exclude: [],
    testTimeout: 600_000,
    // The tests build on one another.
    bail: 1,
  },
});

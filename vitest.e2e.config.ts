import { defineConfig } from 'vitest/config';
import { hasDocker } from './tools/images/docker.ts';
import { shared } from './vitest.config.ts';

/** The end-to-end suite, which needs a cluster with real nodes. */
export default defineConfig({
  test: {
    ...shared,
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 600_000,
    // kind.test.ts compares what is in the Docker of this machine, which the suite would change.
    fileParallelism: !(await hasDocker()),
    // Each test continues where the previous one stopped.
    bail: 1,
  },
});

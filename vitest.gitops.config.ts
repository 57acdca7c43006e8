import { defineConfig } from 'vitest/config';
import { shared } from './vitest.config.ts';

/** The GitOps suite, which runs Argo CD and Flux (docs/gitops-tests.md). */
export default defineConfig({
  test: { ...shared, include: ['test/gitops/**/*.test.ts'], testTimeout: 300_000 },
});

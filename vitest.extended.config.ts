import { defineConfig } from 'vitest/config';
import { operatorBundle, shared } from './vitest.config.ts';

/** Integration tests that are too slow for `npm test`: each file starts further programs or several clusters. */
export default defineConfig({
  test: { ...shared, include: ['test/extended/**/*.test.ts'], globalSetup: operatorBundle },
});

import type { BuildOptions } from 'esbuild';

/** The oldest Node.js that `engines` in package.json allows. */
const target = 'node22.19';

/** Options of every bundle. */
export const shared = {
  bundle: true,
  platform: 'node',
  target,
  // Names of functions and classes stay, because errors and stack traces show them.
  minify: true,
  keepNames: true,
  metafile: true,
  logLevel: 'warning',
  legalComments: 'none',
} satisfies BuildOptions;

/** Options of a bundle of ES modules. Bundled CommonJS packages call `require` for modules of Node.js. */
export const modules = {
  ...shared,
  format: 'esm',
  banner: {
    js: "import { createRequire as createBundleRequire } from 'node:module'; const require = createBundleRequire(import.meta.url);",
  },
} satisfies BuildOptions;

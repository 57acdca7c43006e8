import type { BuildOptions, Metafile } from 'esbuild';
import packageJson from '../../package.json' with { type: 'json' };

/** What a bundle consists of. */
export interface Bundle {
  /** The bundled code. */
  readonly metafile: Metafile;
  /** Folders of packages with files that are copied as they are, relative to the repository. */
  readonly copied: readonly string[];
}

/** The oldest Node.js that `engines` in package.json allows. */
const target = 'node22.19';

/** Options of every bundle. */
export const shared = {
  bundle: true,
  platform: 'node',
  target,
  minifyWhitespace: true,
  minifySyntax: true,
  // Names stay: stack traces show them. With shorter names and `keepNames`, which restores them at run time, the operator
  // would use 7 MiB more and a quarter more CPU time to start.
  minifyIdentifiers: false,
  // Optional packages: debug uses supports-color, which is only installed for development here; the keyring is native code.
  external: ['supports-color', ...Object.keys(packageJson.optionalDependencies)],
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

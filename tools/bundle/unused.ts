import { join, sep } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Leaves out parts of packages that the programs do not use, which esbuild cannot know:
 *
 * - the models and APIs of client-node: only its kubeconfig is used, but the package does not declare that loading a
 *   module of it has no side effects
 * - the messages of zod in languages other than English, its default
 * - the module with which commander starts other programs: no command is a program of its own
 */
export const withoutUnusedParts: Plugin = {
  name: 'without-unused-parts',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^${clientNode}$`) }, async ({ path, pluginData, ...options }) => {
      if (pluginData === resolving) return undefined;
      return { ...(await build.resolve(path, { ...options, pluginData: resolving })), sideEffects: false };
    });
    // Its modules import each other by file name. `build.resolve` for each of them would take 20 seconds, because it
    // reads the folder of the models, which has thousands of files, again each time.
    build.onResolve({ filter: /^\./ }, ({ path, importer, resolveDir }) =>
      importer.includes(inPackage(clientNode)) ? { path: join(resolveDir, path), sideEffects: false } : undefined,
    );
    build.onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      importer.includes(inPackage('commander')) ? { path, namespace: unused } : undefined,
    );
    build.onLoad({ filter: /./, namespace: unused }, () => ({ contents: 'export default {};' }));
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    }));
  },
};

const unused = 'unused';
const clientNode = '@kubernetes/client-node';
const inPackage = (name: string) => `${sep}node_modules${sep}${name.replaceAll('/', sep)}${sep}`;
/** Marks a resolution that the plugin itself has started. */
const resolving = Symbol('resolving');

import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Prepares the source files of a folder for a bundle, see `replaceLocations` and `escapeNonAscii`.
 *
 * @param folder the folder whose files are bundled into one folder, such as `/repository/src`
 */
export function preparedSources(folder: string): Plugin {
  return {
    name: 'prepared-sources',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const file = relative(folder, path);
        if (file.startsWith('..')) return undefined;
        const text = await readFile(path, 'utf8');
        return { contents: escapeNonAscii(replaceLocations(text, file)), loader: 'ts' };
      });
    },
  };
}

/**
 * Keeps `import.meta.url` correct: in a bundle, it is the URL of the bundle. It is replaced with the URL that the source
 * file would have next to the bundle, so that `new URL('assets/a.css', import.meta.url)` finds the copy of the file there.
 *
 * @param file path of the source file, relative to the folder of the bundle
 */
export function replaceLocations(text: string, file: string): string {
  return text.replaceAll('import.meta.url', `new URL(${JSON.stringify(file)}, import.meta.url)`);
}

/**
 * Escapes characters outside of ASCII. esbuild does so in strings, but not in tagged templates, because `String.raw` would
 * return the escapes. A single such character doubles the memory for the text of the bundle.
 */
export function escapeNonAscii(text: string): string {
  return text.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

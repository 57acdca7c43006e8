import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Keeps `import.meta.url` correct in a bundle. In the bundle, it is the URL of the bundle, not of the source file. The
 * plugin replaces it with the URL that the source file would have next to the bundle, so that
 * `new URL('assets/a.css', import.meta.url)` finds the copy of the file there.
 *
 * @param folder the folder whose files are bundled into one folder, such as `/repository/src`
 */
export function sourceLocations(folder: string): Plugin {
  return {
    name: 'source-locations',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const file = relative(folder, path);
        if (file.startsWith('..')) return undefined;
        const text = await readFile(path, 'utf8');
        if (!text.includes('import.meta.url')) return undefined;
        return { contents: replaceLocations(text, file), loader: 'ts' };
      });
    },
  };
}

/** @param file path of the source file, relative to the folder of the bundle */
export function replaceLocations(text: string, file: string): string {
  return text.replaceAll('import.meta.url', `new URL(${JSON.stringify(file)}, import.meta.url)`);
}

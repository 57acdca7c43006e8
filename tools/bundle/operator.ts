/** The operator as a bundle: one file of JavaScript, and the files that it reads at run time. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { type Bundle, modules } from './options.ts';
import { preparedSources } from './sources.ts';
import { withoutUnusedParts } from './unused.ts';

/** Folders of static files below src/. */
const assetFolders = ['web/assets', 'http/docs/assets'];
const swagger = 'node_modules/swagger-ui-dist';
/** The files of Swagger UI that src/http/docs/page.ts reads. */
const swaggerFiles = [
  'package.json',
  'LICENSE',
  'NOTICE',
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'favicon-32x32.png',
];

/**
 * Bundles src/main.ts into `main.js` of a folder.
 *
 * @param root the repository
 * @param folder empty folder for the bundle
 * @returns what the bundle consists of
 */
export async function bundleOperator(root: string, folder: string): Promise<Bundle> {
  const source = join(root, 'src');
  const { metafile } = await build({
    ...modules,
    entryPoints: { main: join(source, 'main.ts') },
    outdir: folder,
    absWorkingDir: root,
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [preparedSources(source), withoutUnusedParts],
  });
  for (const name of assetFolders) await cp(join(source, name), join(folder, name), { recursive: true });
  for (const name of swaggerFiles) await copyInto(folder, root, join(swagger, name));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  return { metafile, copied: [swagger] };
}

async function copyInto(folder: string, root: string, file: string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await cp(join(root, file), join(folder, file));
}

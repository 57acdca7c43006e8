/** The command-line program as a bundle: a package with only optional dependencies, which `npx` and `npm install --global` can run. */
import { chmod, copyFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import packageJson from '../../package.json' with { type: 'json' };
import { type Bundle, modules } from './options.ts';
import { preparedSources } from './sources.ts';
import { withoutUnusedParts } from './unused.ts';

/** kubectl finds its plugins through this name. */
export const programName = 'kubectl-accesskey';

/** Path of the program's source file, relative to the repository. */
export const cliSource = 'src/cli/main.ts';

/**
 * Bundles the program into a folder. Modules that it imports on demand become files of their own, which most commands do
 * not load.
 *
 * @param root the repository
 * @param folder empty folder for the bundle
 * @returns what the bundle consists of
 */
export async function bundleCli(root: string, folder: string): Promise<Bundle> {
  const source = join(root, cliSource);
  const { metafile } = await build({
    ...modules,
    banner: { js: `#!/usr/bin/env node\n${modules.banner.js}` },
    entryPoints: { [programName]: source },
    outdir: folder,
    absWorkingDir: root,
    splitting: true,
    plugins: [preparedSources(join(root, 'src')), withoutUnusedParts],
  });
  const program = join(folder, programName);
  await rename(`${program}.js`, program);
  await chmod(program, 0o755);
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(cliPackage(), null, 2)}\n`);
  return { metafile, copied: [] };
}

function cliPackage(): object {
  const { version, license, type, engines, optionalDependencies } = packageJson;
  const description = 'kubectl plugin for access keys: manage key pairs, get tokens, sign in';
  const program = { [programName]: programName };
  return {
    name: programName,
    version,
    description,
    license,
    private: true,
    type,
    engines,
    bin: program,
    optionalDependencies,
  };
}

/** The command-line program as a bundle: a package without required dependencies, which `npx` and `npm install --global` can run. */
import { access, chmod, copyFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import packageJson from '../../package.json' with { type: 'json' };
import { sourceLocations } from './locations.ts';
import { modules } from './options.ts';

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
 * @returns what the bundle consists of, or undefined if the repository has no such program
 */
export async function bundleCli(root: string, folder: string): Promise<Metafile | undefined> {
  const source = join(root, cliSource);
  if (!(await exists(source))) return undefined;
  const { metafile } = await build({
    ...modules,
    banner: { js: `#!/usr/bin/env node\n${modules.banner.js}` },
    entryPoints: { [programName]: source },
    outdir: folder,
    absWorkingDir: root,
    splitting: true,
    // Native code cannot be part of a bundle.
    external: Object.keys(packageJson.optionalDependencies),
    plugins: [sourceLocations(join(root, 'src'))],
  });
  const program = join(folder, programName);
  await rename(`${program}.js`, program);
  await chmod(program, 0o755);
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(cliPackage(), null, 2)}\n`);
  return metafile;
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

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

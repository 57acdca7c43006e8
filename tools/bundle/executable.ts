/**
 * Builds the command-line program as a single executable, `npm run build:executable`: the Node.js that runs this, with the
 * program and the code cache of V8 in it (https://nodejs.org/api/single-executable-applications.html).
 */
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { run } from '../run-command.ts';
import { cliSource, programName } from './cli.ts';
import { shared } from './options.ts';
import { preparedSources } from './sources.ts';
import { withoutUnusedParts } from './unused.ts';

/** Marks the place in Node.js that says whether it contains a program. */
const sentinelFuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const postject = (root: string) => join(root, 'node_modules/postject/dist/cli.js');

/**
 * Builds the executable into a folder.
 *
 * @param root the repository
 * @returns path of the executable
 */
export async function buildExecutable(root: string, folder: string): Promise<string> {
  const path = (name: string) => join(folder, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await bundle(root, path('main.cjs'));
  const configuration = { main: path('main.cjs'), output: path('blob'), disableExperimentalSEAWarning: true };
  await writeFile(path('sea.json'), JSON.stringify({ ...configuration, useCodeCache: true }));
  await run(process.execPath, ['--experimental-sea-config', path('sea.json')]);
  const program = path(programName);
  await copyFile(process.execPath, program);
  await run(process.execPath, [
    postject(root),
    program,
    'NODE_SEA_BLOB',
    path('blob'),
    '--sentinel-fuse',
    sentinelFuse,
  ]);
  await chmod(program, 0o755);
  for (const name of ['main.cjs', 'blob', 'sea.json']) await rm(path(name));
  return program;
}

/** One CommonJS file, the only format for which Node.js creates a code cache. It cannot import anything at run time. */
async function bundle(root: string, outfile: string): Promise<void> {
  await build({
    ...shared,
    format: 'cjs',
    supported: { 'dynamic-import': false },
    entryPoints: [join(root, cliSource)],
    outfile,
    absWorkingDir: root,
    plugins: [preparedSources(join(root, 'src')), withoutUnusedParts],
  });
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..');
  process.stdout.write(`built ${await buildExecutable(root, join(root, 'dist/executable'))}\n`);
}

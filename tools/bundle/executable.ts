/**
 * Builds the command-line program as a single executable, `npm run build:executable`: the Node.js that runs this, with the
 * program and its compiled code in it (https://nodejs.org/api/single-executable-applications.html).
 */
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { run } from '../run-command.ts';
import { programName } from './cli.ts';
import { shared } from './options.ts';
import { partNames } from './part-names.ts';
import { buildParts } from './parts.ts';
import { prepareTypicalCommands } from './typical-commands.ts';

/** Marks the place in Node.js that says whether it contains a program. */
const sentinelFuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Without the first garbage collections of the young generation, a start needs a tenth less CPU time. */
const execArgv = ['--min-semi-space-size=8'];

const compiler = join(import.meta.dirname, 'compile.ts');
const postject = (root: string) => join(root, 'node_modules/postject/dist/cli.js');

/**
 * Builds the executable into a folder.
 *
 * @param root the repository
 * @returns path of the executable
 */
export async function buildExecutable(root: string, folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'build-'));
  const program = join(work, programName);
  await copyFile(process.execPath, program);
  const inject = ['NODE_SEA_BLOB', await buildBlob(root, work), '--sentinel-fuse', sentinelFuse];
  await run(process.execPath, [postject(root), program, ...inject]);
  await chmod(program, 0o755);
  await rename(program, join(folder, programName));
  await rm(work, { recursive: true });
  return join(folder, programName);
}

/** @returns path of what is put into Node.js */
async function buildBlob(root: string, folder: string): Promise<string> {
  const path = (name: string) => join(folder, name);
  const { main, scripts } = await buildParts(root);
  await writeFile(path('main'), main);
  for (const part of partNames) await writeFile(path(`${part}.js`), scripts[part]);
  await compile(folder, main);
  const source = join(root, 'tools/bundle/executable-main.ts');
  await build({ ...shared, format: 'cjs', entryPoints: [source], outfile: path('main.cjs'), absWorkingDir: root });
  const names = ['main', ...partNames.flatMap((part) => [`${part}.js`, `${part}.code`])];
  const settings = {
    main: path('main.cjs'),
    output: path('blob'),
    disableExperimentalSEAWarning: true,
    execArgv,
    assets: Object.fromEntries(names.map((name) => [name, path(name)])),
  };
  await writeFile(path('sea.json'), JSON.stringify(settings));
  await run(process.execPath, ['--experimental-sea-config', path('sea.json')]);
  return path('blob');
}

/** Compiles the parts, with the functions that a typical command of each runs. */
async function compile(folder: string, main: string): Promise<void> {
  const commands = await prepareTypicalCommands(join(folder, 'home'));
  for (const part of partNames) {
    const { args, exitCode, env } = commands[part];
    await run(process.execPath, [...execArgv, compiler, folder, part, `${exitCode}`, main, ...args], { env });
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..');
  process.stdout.write(`built ${await buildExecutable(root, join(root, 'dist/executable'))}\n`);
}

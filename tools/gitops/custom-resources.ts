/** The CustomResourceDefinitions of GitOps tools. They are part of Go modules, and copied to the cache. */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheOf } from '../go-programs/locate.ts';
import type { PinnedModule } from '../go-programs/program-sets.ts';
import type { Kubectl } from '../kubectl.ts';
import { poll } from '../poll.ts';
import { run } from '../run-command.ts';

/**
 * Installs CustomResourceDefinitions and waits until the API server serves them.
 *
 * @param folder path of a kustomization in the module
 * @param names names of definitions to wait for
 */
export async function installCustomResources(
  kubectl: Kubectl,
  module: PinnedModule,
  folder: string,
  names: readonly string[],
): Promise<void> {
  await kubectl.run(['apply', '--server-side', '-k', await locateModuleFiles(module, folder)]);
  // kubectl wait fails if a definition has no conditions yet.
  const wait = ['wait', '--for=condition=Established', ...names.map((name) => `crd/${name}`), '--timeout=60s'];
  await poll('CustomResourceDefinitions', () => kubectl.run(wait));
}

/**
 * Copies a folder of the set's main module into the cache, unless it is there already.
 *
 * @param folder path in the module
 * @returns the path of the copy
 * @throws Error if Go is missing or cannot download the module
 */
async function locateModuleFiles(set: PinnedModule, folder: string): Promise<string> {
  const { directory } = await cacheOf(set);
  const target = join(directory, basename(folder));
  if (existsSync(target)) return target;
  const source = join(await moduleDirectory(set), folder);
  await mkdir(directory, { recursive: true });
  const temporary = await mkdtemp(`${target}-`);
  try {
    await cp(source, temporary, { recursive: true });
    await rename(temporary, target).catch(ignoreExisting);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return target;
}

async function moduleDirectory({ moduleDirectory: cwd, versionOf }: PinnedModule): Promise<string> {
  const env = { ...process.env, GOWORK: 'off' };
  const download = run('go', ['mod', 'download', '-json', versionOf], { cwd, env });
  const output = await download.catch((cause: Error) => {
    throw new Error(`cannot download ${versionOf} with Go: ${cause.message.split('\n')[0]}`, { cause });
  });
  return JSON.parse(output).Dir;
}

/** Another process may have copied the same folder in the meantime. */
function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

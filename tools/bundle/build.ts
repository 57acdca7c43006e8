import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleCli } from './cli.ts';
import { bundleOperator } from './operator.ts';
import { bundledPackages, writeLicenses } from './packages.ts';

/** Folders of the bundles, relative to the repository. */
export const folders = { operator: 'dist/operator', cli: 'dist/cli' } as const;

/**
 * Bundles the operator and the command-line program, with the licenses of the packages in them.
 *
 * @returns the folders of these packages, relative to the repository
 */
export async function buildBundles(root: string): Promise<string[]> {
  const packages = await Promise.all([
    buildBundle(root, folders.operator, bundleOperator),
    buildBundle(root, folders.cli, bundleCli),
  ]);
  return [...new Set(packages.flat())].sort();
}

async function buildBundle(root: string, name: string, bundle: typeof bundleOperator): Promise<string[]> {
  const folder = join(root, name);
  await rm(folder, { recursive: true, force: true });
  const { metafile, copied } = await bundle(root, folder);
  const packages = [...bundledPackages(metafile), ...copied].sort();
  await writeLicenses(root, folder, packages);
  return packages;
}

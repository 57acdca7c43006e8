/** Allowed licenses of dependencies in the image. They require attribution at most. */
const allowedLicenses: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Unlicense',
]);

/** The used part of package-lock.json (lockfileVersion 3). */
export interface Lockfile {
  packages: Record<string, LockedPackage>;
}

interface LockedPackage {
  /** Set if it differs from the folder name, because another package replaces it (overrides). */
  name?: string;
  version?: string;
  license?: string;
  dev?: boolean;
}

/** A package in the image. */
export interface ProductionPackage {
  name: string;
  version: string;
  /** SPDX expression, or `none` if the package does not declare a license. */
  license: string;
}

/**
 * Returns packages of the lock file.
 *
 * @param paths their folders, such as `node_modules/jose`
 * @throws Error for a folder that is not in the lock file, or a development dependency
 */
export function productionPackages({ packages }: Lockfile, paths: readonly string[]): ProductionPackage[] {
  return paths
    .map((path): [string, LockedPackage] => {
      const locked = packages[path];
      if (locked === undefined || locked.dev) throw new Error(`${path} is not a production dependency`);
      return [path, locked];
    })
    .map(([path, { name = nameOf(path), version = '', license = 'none' }]) => ({ name, version, license }));
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/**
 * Returns the packages whose license is not allowed. Of alternatives (`A OR B`), one must be; all else needs manual
 * review.
 */
export function disallowedPackages(all: readonly ProductionPackage[]): ProductionPackage[] {
  return all.filter(({ license }) => {
    const alternatives = license.replaceAll(/[()]/g, '').split(' OR ');
    return !alternatives.some((one) => allowedLicenses.has(one));
  });
}
